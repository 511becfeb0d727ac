/* SPDX-License-Identifier: MIT */
/* Which responses are refused, and with which fault and message? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "response_trial.h"

#include "base/banned.h"

struct broken_response {
    const char *name, *stream;
    enum http1_fault fault;
    const char *why; /* a part of the message */
};

#define MALFORMED HTTP1_FAULT_MALFORMED
#define HEAD_TOO_LARGE HTTP1_FAULT_HEAD_TOO_LARGE
#define BODY_TOO_LARGE HTTP1_FAULT_BODY_TOO_LARGE

static const struct broken_response broken_responses[] = {
    {"another protocol", "SSH-2.0-x\r\n", MALFORMED, "are not a response in HTTP/1"},
    {"TLS", "\x16\x03\x01", MALFORMED, "are not a response in HTTP/1"},
    {"another major version", "HTTP/2.0 200 OK\r\n\r\n", MALFORMED, "are not a response in HTTP/1"},
    {"an empty line in front", "\r\n" OK "\r\n", MALFORMED, "are not a response in HTTP/1"},
    {"lower case", "http/1.1 200 OK\r\n\r\n", MALFORMED, "are not a response in HTTP/1"},
    {"no minor version", "HTTP/1. 200 OK\r\n\r\n", MALFORMED, "first line"},
    {"a long minor version", "HTTP/1.10 200 OK\r\n\r\n", MALFORMED, "first line"},
    {"two spaces", "HTTP/1.1  200 OK\r\n\r\n", MALFORMED, "first line"},
    {"a tab", "HTTP/1.1\t200 OK\r\n\r\n", MALFORMED, "first line"},
    {"two digits", "HTTP/1.1 20 OK\r\n\r\n", MALFORMED, "first line"},
    {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", MALFORMED, "first line"},
    {"no digits", "HTTP/1.1 2x0 OK\r\n\r\n", MALFORMED, "first line"},
    {"a control character in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n", MALFORMED, "first line"},
    {"a carriage return in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", MALFORMED, "first line"},
    {"a status that is too low", "HTTP/1.1 099 x\r\n\r\n", MALFORMED, "status is 099"},
    {"a status that is too high", "HTTP/1.1 600 x\r\n\r\n", MALFORMED, "status is 600"},
    {"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", MALFORMED, "switches"},
    {"too many interim responses",
     "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n" OK "\r\n", MALFORMED,
     "more than the 2 interim responses"},
    {"an interim response that is broken", "HTTP/1.1 100 x\r\nContent-Length: x\r\n\r\n", MALFORMED,
     "Content-Length"},
    {"a line feed alone behind the status line", "HTTP/1.1 200 OK\nA: b\r\n\r\n", MALFORMED,
     "without a carriage return"},
    {"a line feed alone behind a field", OK "A: b\nB: c\r\n\r\n", MALFORMED,
     "without a carriage return"},
    {"a line feed alone at the head's end", OK "A: b\r\n\n", MALFORMED,
     "without a carriage return"},
    {"a carriage return alone in a value", OK "A: b\rB: c\r\n\r\n", MALFORMED,
     "a field of the response holds a control character"},
    {"a carriage return alone in a name", OK "A\r: b\r\n\r\n", MALFORMED, "a name and a colon"},
    {"two carriage returns", OK "A: b\r\r\n\r\n", MALFORMED,
     "a field of the response holds a control character"},
    {"NUL-like control in a long value", OK "Long: 0123456789\x1f" TEN_BYTES TEN_BYTES "\r\n\r\n",
     MALFORMED, "a field of the response holds a control character"},
    {"DEL in a long value", OK "Long: " TEN_BYTES TEN_BYTES "\x7f\r\n\r\n", MALFORMED,
     "a field of the response holds a control character"},
    {"a folded field", OK "A: b\r\n c\r\n\r\n", MALFORMED, "folded"},
    {"a folded field, by a tab", OK "A: b\r\n\tc\r\n\r\n", MALFORMED, "folded"},
    {"whitespace before the first field", OK " A: b\r\n\r\n", MALFORMED, "folded"},
    {"whitespace before the colon", OK "A : b\r\n\r\n", MALFORMED, "a name and a colon"},
    {"no colon", OK "A b\r\n\r\n", MALFORMED, "a name and a colon"},
    {"no name", OK ": b\r\n\r\n", MALFORMED, "a name and a colon"},
    {"a name beyond ASCII", OK "\xc3\xa4: b\r\n\r\n", MALFORMED, "a name and a colon"},
    {"a name with a separator", OK "A(b): c\r\n\r\n", MALFORMED, "a name and a colon"},
    {"a length with a sign", OK "Content-Length: +5\r\n\r\n", MALFORMED, "Content-Length"},
    {"a negative length", OK "Content-Length: -1\r\n\r\n", MALFORMED, "Content-Length"},
    {"a length that is a list", OK "Content-Length: 5, 5\r\n\r\n", MALFORMED, "Content-Length"},
    {"a length that is none", OK "Content-Length:\r\n\r\n", MALFORMED, "Content-Length"},
    {"a length in hexadecimal", OK "Content-Length: 0x5\r\n\r\n", MALFORMED, "Content-Length"},
    {"a length of 2^64", OK "Content-Length: 18446744073709551616\r\n\r\n", MALFORMED,
     "Content-Length"},
    {"a length of 2^64 - 1", OK "Content-Length: 18446744073709551615\r\n\r\n", BODY_TOO_LARGE,
     "larger than the 64 bytes"},
    {"two lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", MALFORMED, "differ"},
    {"both framings", OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", MALFORMED,
     "both"},
    {"both framings, the other way", OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
     MALFORMED, "both"},
    {"both framings in a 204",
     "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", MALFORMED,
     "both"},
    {"HTTP/1.0 with chunks", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", MALFORMED,
     "HTTP/1.0"},
    {"another coding", OK "Transfer-Encoding: gzip\r\n\r\n", MALFORMED, "not chunked alone"},
    {"another coding too", OK "Transfer-Encoding: gzip, chunked\r\n\r\n", MALFORMED,
     "not chunked alone"},
    {"no coding", OK "Transfer-Encoding: identity\r\n\r\n", MALFORMED, "not chunked alone"},
    {"chunked twice", OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     MALFORMED, "not chunked alone"},
    {"a parameter of chunked", OK "Transfer-Encoding: chunked;a=b\r\n\r\n", MALFORMED,
     "not chunked alone"},
    {"a chunk without a size", CHUNKED "\r\nhello\r\n0\r\n\r\n", MALFORMED, "hexadecimal"},
    {"a chunk of a negative size", CHUNKED "-1\r\n", MALFORMED, "hexadecimal"},
    {"a chunk of a prefixed size", CHUNKED "0x5\r\nhello\r\n", MALFORMED,
     "other than an extension"},
    {"a chunk size behind a space", CHUNKED " 5\r\nhello\r\n", MALFORMED, "hexadecimal"},
    {"a space behind a chunk size", CHUNKED "5 \r\nhello\r\n", MALFORMED,
     "other than an extension"},
    {"a chunk size of 17 digits", CHUNKED "00000000000000005\r\nhello\r\n", MALFORMED,
     "hexadecimal"},
    {"a chunk size of 2^64 - 1", CHUNKED "ffffffffffffffff\r\n", BODY_TOO_LARGE,
     "larger than the 64 bytes"},
    {"a control character in an extension", CHUNKED "5;a=\x01\r\nhello\r\n", MALFORMED,
     "other than an extension"},
    {"a line feed alone behind a chunk size", CHUNKED "5\nhello\r\n", MALFORMED,
     "without a carriage return"},
    {"a chunk that is longer than its size", CHUNKED "4\r\nhello\r\n0\r\n\r\n", MALFORMED,
     "where its size says"},
    {"a chunk that a line feed ends", CHUNKED "5\r\nhello\n0\r\n\r\n", MALFORMED,
     "where its size says"},
    {"a chunk that nothing ends", CHUNKED "5\r\nhello\r0\r\n\r\n", MALFORMED,
     "where its size says"},
    {"a trailer that is folded", CHUNKED "0\r\nA: b\r\n c\r\n\r\n", MALFORMED, "folded"},
    {"a trailer without a colon", CHUNKED "0\r\nA\r\n\r\n", MALFORMED, "a name and a colon"},
    {"too many fields", OK "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n", HEAD_TOO_LARGE,
     "more than the 4 fields"},
    {"too many trailers", CHUNKED "0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n",
     HEAD_TOO_LARGE, "more than the 4 fields"},
    {"a status line that is too long", "HTTP/1.1 200 " HUNDRED_BYTES HUNDRED_BYTES HUNDRED_BYTES,
     HEAD_TOO_LARGE, "head is larger than the 256 bytes"},
    {"a field that is too long", OK "A: " HUNDRED_BYTES HUNDRED_BYTES HUNDRED_BYTES "\r\n\r\n",
     HEAD_TOO_LARGE, "head is larger than the 256 bytes"},
    {"fields that are too long together",
     OK "A: " HUNDRED_BYTES "\r\nB: " HUNDRED_BYTES "\r\nC: " HUNDRED_BYTES "\r\n\r\n",
     HEAD_TOO_LARGE, "head is larger than the 256 bytes"},
    {"trailers that are too long together",
     CHUNKED "0\r\nA: " HUNDRED_BYTES "\r\nB: " HUNDRED_BYTES "\r\nC: " HUNDRED_BYTES "\r\n\r\n",
     HEAD_TOO_LARGE, "trailers are larger than the 256 bytes"},
    {"a body above the limit", OK "Content-Length: 65\r\n\r\n", BODY_TOO_LARGE,
     "larger than the 64 bytes"},
    {"a chunk above the limit", CHUNKED "41\r\n", BODY_TOO_LARGE, "larger than the 64 bytes"},
    {"chunks above the limit together", CHUNKED "20\r\n01234567890123456789012345678901\r\n21\r\n",
     BODY_TOO_LARGE, "larger than the 64 bytes"},
    {"a body until the end above the limit", OK "\r\n" HUNDRED_BYTES, BODY_TOO_LARGE,
     "larger than the 64 bytes"},
};

static void check_broken(const struct broken_response *broken)
{
    struct text stream = text_of(broken->stream);
    struct reading_plan plan = whole(stream);
    struct reading reading;
    reading_init(&reading, stream, &plan);

    if (reading.progress != HTTP1_BROKEN || reading.fault != broken->fault ||
        reading.why.code != STATUS_UNKNOWN || !strstr(reading.why.message, broken->why))
        fail_msg("%s: progress %d, fault %d, code %d: %s", broken->name, (int)reading.progress,
                 (int)reading.fault, (int)reading.why.code, reading.why.message);
    assert_int_equal(reading.consumed, 0);
    assert_false(reading.keeps_alive);
    assert_cuts_do_not_matter(&reading, stream, &plan, broken->name);
    reading_clear(&reading);
}

static void broken_responses_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(broken_responses); i++)
        check_broken(&broken_responses[i]);
}

static void a_nul_is_refused_in_heads_and_kept_in_bodies(void **state)
{
    (void)state;
    struct text heads[] = {text_literal("HTTP/1.1 200 O\0K\r\n\r\n"),
                           text_literal(OK "A: b\0c\r\n"), text_literal(OK "A\0: b\r\n"),
                           text_literal(CHUNKED "1;\0\r\n!\r\n")};
    struct reading reading;
    for (size_t i = 0; i < array_length(heads); i++) {
        struct reading_plan plan = whole(heads[i]);
        reading_init(&reading, heads[i], &plan);
        assert_int_equal(reading.progress, HTTP1_BROKEN);
        assert_cuts_do_not_matter(&reading, heads[i], &plan, "a NUL in the head");
        reading_clear(&reading);
    }
    struct text body = text_literal(OK "Content-Length: 3\r\n\r\na\0b");
    struct reading_plan plan = whole(body);
    reading_init(&reading, body, &plan);
    assert_true(text_equal(reading.response.body, text_literal("a\0b")));
    reading_clear(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_responses_are_refused),
        cmocka_unit_test(a_nul_is_refused_in_heads_and_kept_in_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
