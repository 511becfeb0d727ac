/* SPDX-License-Identifier: MIT */
/* Does a status say what happened, within its bounds and in whole characters? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "base/text.h"

#include "base/banned.h"

static void a_failure_is_a_code_and_a_sentence(void **state)
{
    (void)state;
    struct status status;
    assert_false(status_fail(&status, STATUS_NOT_FOUND, "no %s of %d", "group", 7));
    assert_int_equal(status.code, STATUS_NOT_FOUND);
    assert_string_equal(status.message, "no group of 7");
}

static void context_goes_in_front_and_keeps_the_code(void **state)
{
    (void)state;
    struct status status;
    assert_false(status_fail(&status, STATUS_UNAVAILABLE, "refused"));
    assert_false(status_wrap(&status, "connecting to %s", "a:1"));
    assert_false(status_wrap(&status, "sending"));
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_string_equal(status.message, "sending: connecting to a:1: refused");
}

static void a_cleared_status_is_ok_and_says_nothing(void **state)
{
    (void)state;
    struct status status;
    status_set(&status, STATUS_INTERNAL, "x");
    status_clear(&status);
    assert_int_equal(status.code, STATUS_OK);
    assert_string_equal(status.message, "");
}

/* `bytes` bytes of ASCII, then characters of four, so that the cut falls at each place in one. */
static const char *mixed(char *at, size_t ascii)
{
    memset(at, 'a', ascii);
    size_t used = ascii;
    for (; used + 4 < 2048; used += 4)
        memcpy(at + used, "\xf0\x9f\x98\x80", 4);
    at[used] = '\0';
    return at;
}

static void assert_cut_well(const struct status *status)
{
    size_t bytes = strlen(status->message);
    assert_true(text_is_utf8((struct text){status->message, bytes}));
    assert_in_range(bytes, STATUS_MESSAGE_BYTES - 5, STATUS_MESSAGE_BYTES - 1);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char text[2049];
    struct status status;
    for (size_t ascii = STATUS_MESSAGE_BYTES - 12; ascii < STATUS_MESSAGE_BYTES + 4; ascii++) {
        status_set(&status, STATUS_UNKNOWN, "%s", mixed(text, ascii));
        assert_cut_well(&status);
    }
}

static void context_that_makes_a_message_long_cuts_it_between_characters(void **state)
{
    (void)state;
    char text[2049];
    struct status status;
    for (size_t ascii = 0; ascii < 16; ascii++) {
        status_set(&status, STATUS_UNKNOWN, "%s", mixed(text, ascii));
        assert_false(status_wrap(&status, "reading %.*s", (int)ascii, "0123456789abcdef"));
        assert_cut_well(&status);
        assert_false(status_wrap(&status, "%s", mixed(text, STATUS_MESSAGE_BYTES - ascii)));
        assert_cut_well(&status);
    }
}

static void a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    char text[STATUS_MESSAGE_BYTES];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct status status;
    status_set(&status, STATUS_UNKNOWN, "%s", text);
    assert_string_equal(status.message, text);
    status_set(&status, STATUS_UNKNOWN, "%s", text + 3);
    assert_false(status_wrap(&status, "b"));
    assert_int_equal(strlen(status.message), STATUS_MESSAGE_BYTES - 1);
}

static void codes_have_the_names_that_grpc_gives_them(void **state)
{
    (void)state;
    static const char *const names[] = {"OK",
                                        "CANCELLED",
                                        "UNKNOWN",
                                        "INVALID_ARGUMENT",
                                        "DEADLINE_EXCEEDED",
                                        "NOT_FOUND",
                                        "ALREADY_EXISTS",
                                        "PERMISSION_DENIED",
                                        "RESOURCE_EXHAUSTED",
                                        "FAILED_PRECONDITION",
                                        "ABORTED",
                                        "OUT_OF_RANGE",
                                        "UNIMPLEMENTED",
                                        "INTERNAL",
                                        "UNAVAILABLE",
                                        "DATA_LOSS",
                                        "UNAUTHENTICATED"};
    for (size_t code = 0; code < array_length(names); code++)
        assert_string_equal(status_code_name((enum status_code)code), names[code]);
    assert_string_equal(status_code_name((enum status_code)17), "UNKNOWN");
    assert_string_equal(status_code_name((enum status_code) - 1), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_a_code_and_a_sentence),
        cmocka_unit_test(context_goes_in_front_and_keeps_the_code),
        cmocka_unit_test(a_cleared_status_is_ok_and_says_nothing),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(context_that_makes_a_message_long_cuts_it_between_characters),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(codes_have_the_names_that_grpc_gives_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
