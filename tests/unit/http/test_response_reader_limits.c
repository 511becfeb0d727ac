/* SPDX-License-Identifier: MIT */
/* Do the limits on memory and on each part of a response hold exactly? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "response_trial.h"

#include "base/banned.h"

/* A stream of chunks with one byte each, every one with an extension of `extension` bytes. */
static struct text extended_chunks(struct arena *arena, size_t chunks, size_t extension)
{
    struct buffer stream;
    buffer_init(&stream, arena, 0);
    buffer_add_literal(&stream, CHUNKED);
    for (size_t i = 0; i < chunks; i++) {
        buffer_add_literal(&stream, "1;");
        for (size_t byte = 1; byte < extension; byte++)
            buffer_add_char(&stream, 'e');
        buffer_add_literal(&stream, "\r\n!\r\n");
    }
    buffer_add_literal(&stream, "0\r\n\r\n");
    return buffer_text(&stream);
}

static void chunk_extensions_are_bounded_all_together(void **state)
{
    (void)state;
    static const struct {
        size_t chunks, extension;
        enum http1_progress progress;
    } rows[] = {{1, 4096, HTTP1_COMPLETE},
                {1, 4097 + 16, HTTP1_BROKEN},
                {32, 128, HTTP1_COMPLETE},
                {33, 128, HTTP1_BROKEN},
                {64, 1, HTTP1_COMPLETE}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct text stream = extended_chunks(&arena, rows[i].chunks, rows[i].extension);
        struct reading_plan plan = whole(stream);
        struct reading reading;
        reading_init(&reading, stream, &plan);
        assert_int_equal(reading.progress, rows[i].progress);
        if (reading.progress == HTTP1_BROKEN)
            assert_int_equal(reading.fault, HTTP1_FAULT_HEAD_TOO_LARGE);
        assert_true(reads_alike(&reading, stream, &plan, 1, 1));
        reading_clear(&reading);
        arena_clear(&arena);
    }
}

/* However small the arena is, what does not fit it is a fault of its own. */
static void a_full_arena_breaks_the_response(void **state)
{
    (void)state;
    struct text streams[] = {text_literal(OK "A: b\r\nContent-Length: 50\r\n\r\n" FIFTY_BYTES),
                             text_literal(CHUNKED "32\r\n" FIFTY_BYTES "\r\n0\r\n\r\n"),
                             text_literal(OK "\r\n" FIFTY_BYTES)};
    size_t full = 0, read = 0;
    for (size_t limit = 0; limit < 2048; limit += 16) {
        struct arena arena;
        arena_init(&arena, limit);
        struct http1_reader *reader = http1_reader_new(&arena, &limits, false);
        struct status status;
        size_t consumed;
        if (reader && http1_reader_feed(reader, streams[limit / 16 % array_length(streams)],
                                        &consumed, &status) != HTTP1_BROKEN)
            read++;
        else if (reader && ++full)
            assert_int_equal(http1_reader_fault(reader), HTTP1_FAULT_ARENA_FULL);
        arena_clear(&arena);
    }
    assert_true(full > 16 && read > 16);
}

/* A head of `bytes` bytes, its line breaks included. */
static struct text head_of(struct arena *arena, const char *status_line, size_t bytes)
{
    struct buffer head;
    buffer_init(&head, arena, 0);
    buffer_add_text(&head, text_of(status_line));
    buffer_add_literal(&head, "\r\nContent-Length: 0\r\nA: ");
    while (head.bytes < bytes - 4)
        buffer_add_char(&head, 'a');
    buffer_add_literal(&head, "\r\n\r\n");
    return buffer_text(&head);
}

static void each_head_may_take_its_limit_and_no_byte_more(void **state)
{
    (void)state;
    for (size_t excess = 0; excess < 2; excess++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        struct buffer stream;
        buffer_init(&stream, &arena, 0);
        buffer_add_text(&stream, head_of(&arena, "HTTP/1.1 100 x", limits.head_bytes));
        buffer_add_text(&stream, head_of(&arena, "HTTP/1.1 200 x", limits.head_bytes + excess));
        struct reading_plan plan = whole(buffer_text(&stream));
        struct reading reading;
        reading_init(&reading, buffer_text(&stream), &plan);
        assert_int_equal(reading.progress, excess ? HTTP1_BROKEN : HTTP1_COMPLETE);
        assert_int_equal(reading.fault, excess ? HTTP1_FAULT_HEAD_TOO_LARGE : HTTP1_FAULT_NONE);
        assert_cuts_do_not_matter(&reading, buffer_text(&stream), &plan, "a head of its limit");
        reading_clear(&reading);
        arena_clear(&arena);
    }
}

/* The announced length is compared with the limit before anything is allocated for it. */
static void an_announced_body_above_the_limit_takes_no_memory(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 30);
    struct http1_limits large = limits;
    large.body_bytes = 1 << 20;
    struct http1_reader *reader = http1_reader_new(&arena, &large, false);
    struct status status;
    size_t consumed;
    assert_int_equal(http1_reader_feed(reader, text_literal(OK "Content-Length: 1048577\r\n\r\n"),
                                       &consumed, &status),
                     HTTP1_BROKEN);
    assert_true(arena.taken < 16384);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_extensions_are_bounded_all_together),
        cmocka_unit_test(a_full_arena_breaks_the_response),
        cmocka_unit_test(each_head_may_take_its_limit_and_no_byte_more),
        cmocka_unit_test(an_announced_body_above_the_limit_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
