/* SPDX-License-Identifier: MIT */
/* Does compressed text come out whole, or not at all, and never larger than allowed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/inflate.h"

#include "base/banned.h"

#define PLAIN_BYTES 100000

/* zlib's window bits say which format it writes. */
enum format { RAW = -15, ZLIB = 15, GZIP = 15 + 16 };

struct trial {
    struct arena arena;
    char plain[PLAIN_BYTES], packed[2 * PLAIN_BYTES];
    struct text message; /* packed */
};

static int setup(void **state)
{
    static struct trial trial;
    arena_init(&trial.arena, 8 * PLAIN_BYTES);
    /* Neither all the same nor without any pattern. */
    for (uint32_t i = 0, noise = 1; i < PLAIN_BYTES; i++) {
        noise = noise * 1664525 + 1013904223;
        trial.plain[i] = (char)(noise >> 30);
    }
    *state = &trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    arena_clear(&trial->arena);
    return 0;
}

static void pack(struct trial *trial, enum format format, size_t bytes)
{
    z_stream stream = {.next_in = (Bytef *)trial->plain,
                       .avail_in = (uInt)bytes,
                       .next_out = (Bytef *)trial->packed,
                       .avail_out = sizeof trial->packed};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    trial->message = (struct text){trial->packed, stream.total_out};
    deflateEnd(&stream);
}

static void expect_plain(struct trial *trial, size_t most, size_t bytes)
{
    struct text plain = {NULL, 0};
    struct status status;
    if (!inflate_text(trial->message, most, &trial->arena, &plain, &status))
        fail_msg("%s", status.message);
    assert_true(text_equal(plain, (struct text){trial->plain, bytes}));
}

static void expect_refusal(struct trial *trial, size_t most, enum status_code code,
                           const char *named)
{
    struct text plain = {NULL, 7};
    struct status status;
    assert_false(inflate_text(trial->message, most, &trial->arena, &plain, &status));
    assert_int_equal(status.code, code);
    assert_int_equal(plain.size, 7);
    if (!strstr(status.message, named))
        fail_msg("%s", status.message);
}

static void both_formats_come_out_as_they_were(void **state)
{
    const size_t sizes[] = {0, 1, 1023, 1024, 1025, 65536, PLAIN_BYTES};
    for (size_t i = 0; i < array_length(sizes); i++) {
        pack(*state, GZIP, sizes[i]);
        expect_plain(*state, PLAIN_BYTES, sizes[i]);
        pack(*state, ZLIB, sizes[i]);
        expect_plain(*state, PLAIN_BYTES, sizes[i]);
        teardown(state);
    }
}

static void a_text_of_the_largest_size_comes_out(void **state)
{
    const size_t sizes[] = {0, 1, 1024, 5000};
    for (size_t i = 0; i < array_length(sizes); i++) {
        pack(*state, GZIP, sizes[i]);
        expect_plain(*state, sizes[i], sizes[i]);
    }
}

static void one_byte_above_the_bound_is_refused(void **state)
{
    const size_t sizes[] = {1, 1024, 5000, PLAIN_BYTES};
    for (size_t i = 0; i < array_length(sizes); i++) {
        pack(*state, ZLIB, sizes[i]);
        expect_refusal(*state, sizes[i] - 1, STATUS_RESOURCE_EXHAUSTED, "allowed");
    }
}

static void a_text_beyond_the_arenas_limit_is_refused(void **state)
{
    struct trial *trial = *state;
    pack(trial, GZIP, PLAIN_BYTES);
    arena_init(&trial->arena, PLAIN_BYTES / 2);
    expect_refusal(trial, PLAIN_BYTES, STATUS_RESOURCE_EXHAUSTED, "memory");
}

static void a_text_cut_off_anywhere_is_refused(void **state)
{
    struct trial *trial = *state;
    pack(trial, GZIP, 300);
    for (struct text whole = trial->message; trial->message.size-- > 0;) {
        expect_refusal(trial, PLAIN_BYTES, STATUS_INVALID_ARGUMENT, "cannot be inflated");
        assert_true(trial->message.size < whole.size);
    }
}

static void bytes_behind_the_end_are_refused(void **state)
{
    struct trial *trial = *state;
    pack(trial, GZIP, 300);
    trial->packed[trial->message.size++] = 0;
    expect_refusal(trial, PLAIN_BYTES, STATUS_INVALID_ARGUMENT, "cannot be inflated");
}

static void a_wrong_checksum_is_refused(void **state)
{
    struct trial *trial = *state;
    pack(trial, GZIP, 300);
    trial->packed[trial->message.size - 5] ^= 1;
    expect_refusal(trial, PLAIN_BYTES, STATUS_INVALID_ARGUMENT, "cannot be inflated");
}

static void a_text_in_neither_format_is_refused(void **state)
{
    struct trial *trial = *state;
    pack(trial, RAW, 300);
    expect_refusal(trial, PLAIN_BYTES, STATUS_INVALID_ARGUMENT, "cannot be inflated");
    trial->message = text_literal("plain text");
    expect_refusal(trial, PLAIN_BYTES, STATUS_INVALID_ARGUMENT, "cannot be inflated");
    trial->message.size = 0;
    expect_refusal(trial, PLAIN_BYTES, STATUS_INVALID_ARGUMENT, "cannot be inflated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_formats_come_out_as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_of_the_largest_size_comes_out, setup, teardown),
        cmocka_unit_test_setup_teardown(one_byte_above_the_bound_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_beyond_the_arenas_limit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_cut_off_anywhere_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_behind_the_end_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_checksum_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_in_neither_format_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
