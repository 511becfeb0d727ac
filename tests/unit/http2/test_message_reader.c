/* SPDX-License-Identifier: MIT */
/* Are messages followed through frames that cut them anywhere? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http2/message_reader.h"

#include "base/banned.h"

static const struct {
    const char *name;
    struct text bytes;
    enum message_encoding encoding;
    bool one_message;
    enum stream_fault fault;
    bool whole; /* a message is complete, and no other begins */
    size_t lengths;
} rows[] = {
    {"a message", {"\0\0\0\0\3abc", 8}, ENCODING_IDENTITY, true, STREAM_FAULT_NONE, true, 3},
    {"an empty one", {"\0\0\0\0\0", 5}, ENCODING_IDENTITY, true, STREAM_FAULT_NONE, true, 0},
    {"half a prefix", {"\0\0\0", 3}, ENCODING_IDENTITY, true, STREAM_FAULT_NONE, false, 0},
    {"half a message", {"\0\0\0\0\3a", 6}, ENCODING_IDENTITY, true, STREAM_FAULT_NONE, false, 3},
    {"two", {"\0\0\0\0\1a\0\0\0\0\1b", 12}, ENCODING_IDENTITY, false, STREAM_FAULT_NONE, true, 2},
    {"a second",
     {"\0\0\0\0\1a\0", 7},
     ENCODING_IDENTITY,
     true,
     STREAM_FAULT_SECOND_MESSAGE,
     false,
     1},
    {"a flag of 2", {"\2", 1}, ENCODING_SUPPORTED, true, STREAM_FAULT_FLAG, false, 0},
    {"a flag of 255", {"\xff", 1}, ENCODING_SUPPORTED, true, STREAM_FAULT_FLAG, false, 0},
    {"compressed", {"\1\0\0\0\1x", 6}, ENCODING_SUPPORTED, true, STREAM_FAULT_NONE, true, 1},
    {"of no encoding", {"\1", 1}, ENCODING_IDENTITY, true, STREAM_FAULT_NO_ENCODING, false, 0},
    {"of an unknown one", {"\1", 1}, ENCODING_UNKNOWN, true, STREAM_FAULT_ENCODING, false, 0},
    {"the largest", {"\0\0\0\1\0", 5}, ENCODING_IDENTITY, true, STREAM_FAULT_NONE, false, 256},
    {"a larger one",
     {"\0\0\0\1\1", 5},
     ENCODING_IDENTITY,
     true,
     STREAM_FAULT_MESSAGE_SIZE,
     false,
     0},
    {"the longest",
     {"\0\xff\xff\xff\xff", 5},
     ENCODING_IDENTITY,
     true,
     STREAM_FAULT_MESSAGE_SIZE,
     false,
     0},
};

static void a_row_reads_the_same_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++)
        for (size_t piece = 1; piece <= rows[i].bytes.size; piece++) {
            const struct message_rules rules = {.max_message = 256,
                                                .one_message = rows[i].one_message};
            struct message_reader reader = {.encoding = (uint8_t)rows[i].encoding};
            enum stream_fault fault = STREAM_FAULT_NONE;
            size_t sum = 0;
            for (size_t at = 0; at < rows[i].bytes.size && fault == STREAM_FAULT_NONE;
                 at += piece) {
                size_t left = rows[i].bytes.size - at, lengths;
                fault = message_reader_feed(&reader, (const uint8_t *)rows[i].bytes.data + at,
                                            left < piece ? left : piece, &rules, &lengths);
                sum += lengths;
            }
            assert_int_equal(fault, rows[i].fault);
            assert_int_equal(sum, rows[i].lengths);
            if (fault == STREAM_FAULT_NONE)
                assert_int_equal(reader.has_message && reader.prefix == 0, rows[i].whole);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_reads_the_same_in_pieces_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
