/* SPDX-License-Identifier: MIT */
/* Which responses are read or refused, and is the result independent of the cuts between pieces? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "http1_reading.h"

#include "base/banned.h"

static const struct http1_limits limits = {
    .head_bytes = 256, .field_count = 4, .body_bytes = 64, .interim = 2};

static struct reading_plan whole(struct text stream)
{
    return (struct reading_plan){.first = stream.size + 1, .then = 1, .limits = limits};
}

/* Byte by byte, and in two pieces at each place. */
static void assert_cuts_do_not_matter(const struct reading *reading, struct text stream,
                                      const struct reading_plan *plan, const char *name)
{
    for (size_t first = 0; first <= stream.size; first++)
        if (!reads_alike(reading, stream, plan, first, stream.size + 1))
            fail_msg("%s: two pieces, the first of %zu bytes, are read differently", name, first);
    for (size_t size = 1; size <= 8; size++)
        if (!reads_alike(reading, stream, plan, size, size))
            fail_msg("%s: pieces of %zu bytes are read differently", name, size);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

struct good_response {
    const char *name, *stream;
    unsigned status;
    size_t field_count;
    const char *body;
    size_t left; /* bytes behind the response */
    bool head_request, ends, closes;
};

static const struct good_response good_responses[] = {
    {"a counted body", OK "Content-Length: 5\r\nServer: x\r\n\r\nhello", 200, 2, .body = "hello"},
    {"an empty counted body", OK "Content-Length: 0\r\n\r\n", 200, 1, .body = ""},
    {"zeros in front of a length", OK "Content-Length: 0005\r\n\r\nhello", 200, 1, .body = "hello"},
    {"one length said twice", OK "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", 200, 2,
     .body = "hello"},
    {"bytes behind the response", OK "Content-Length: 2\r\n\r\nhello", 200, 1, .body = "he",
     .left = 3},
    {"a body of just the allowed size",
     OK "Content-Length: 64\r\n\r\n"
        "0123456789012345678901234567890123456789012345678901234567890123",
     200, 1, .body = "0123456789012345678901234567890123456789012345678901234567890123"},
    {"chunks", CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", 200, 1, .body = "hello world"},
    {"no chunks", CHUNKED "0\r\n\r\n", 200, 1, .body = ""},
    {"chunk sizes in both cases, with zeros",
     CHUNKED "00a\r\n0123456789\r\nB\r\n0123456789a\r\n"
             "0\r\n\r\n",
     200, 1, .body = "01234567890123456789a"},
    {"chunk extensions", CHUNKED "5;a=b\r\nhello\r\n1 ;c=\"d;\\\"e\"\r\n!\r\n000;last\r\n\r\n", 200,
     1, .body = "hello!"},
    {"trailers", CHUNKED "1\r\n!\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", 200, 1, .body = "!"},
    {"trailers that would delimit", CHUNKED "1\r\n!\r\n0\r\nContent-Length: 9\r\n\r\n", 200, 1,
     .body = "!"},
    {"bytes behind chunks", CHUNKED "0\r\n\r\nHTTP/1.1", 200, 1, .body = "", .left = 8},
    {"another spelling of chunked", OK "TRANSFER-ENCODING:\t CHUNKED \r\n\r\n0\r\n\r\n", 200, 1,
     .body = ""},
    {"a body until the end", OK "Server: x\r\n\r\nall of it", 200, 1, .body = "all of it",
     .ends = true, .closes = true},
    {"no body until the end", OK "\r\n", 200, 0, .body = "", .ends = true, .closes = true},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, .body = ""},
    {"204 that says it is empty", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, 1,
     .body = ""},
    {"204 that announces a body", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", 204, 1,
     .body = "", .left = 3, .closes = true},
    {"204 that announces chunks",
     "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 204, 1, .body = "",
     .left = 5, .closes = true},
    {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n", 304, 1, .body = ""},
    {"a HEAD's response", OK "Content-Length: 900\r\n\r\n", 200, 1, .body = "",
     .head_request = true},
    {"interim responses",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n"
     "Content-Length: 3\r\nConnection: close\r\n\r\n" OK "Content-Length: 1\r\n\r\n!",
     200, 1, .body = "!"},
    {"no reason, its space", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, 1, .body = ""},
    {"no reason, no space", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, 1, .body = ""},
    {"a reason beyond ASCII", "HTTP/1.1 200 \xe5\xa5\xbd\tok\r\nContent-Length: 0\r\n\r\n", 200, 1,
     .body = ""},
    {"a later minor version", "HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 1, .body = ""},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!", 200, 1, .body = "!",
     .closes = true},
    {"HTTP/1.0 kept alive",
     "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n!", 200, 2,
     .body = "!"},
    {"HTTP/1.0 until the end", "HTTP/1.0 200 OK\r\n\r\n!", 200, 0, .body = "!", .ends = true,
     .closes = true},
    {"close", OK "Connection: close\r\nContent-Length: 0\r\n\r\n", 200, 2, .body = "",
     .closes = true},
    {"close among others", OK "Connection: a,\tClose ,b\r\nContent-Length: 0\r\n\r\n", 200, 2,
     .body = "", .closes = true},
    {"close in a later field", OK "Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
     200, 3, .body = "", .closes = true},
    {"no close", OK "Connection: closed, clos\r\nContent-Length: 0\r\n\r\n", 200, 2, .body = ""},
    {"values with spaces, tabs, no bytes, high bytes",
     OK "A:\r\nB: \t x \t y\x80\xff \t\r\nContent-Length: 0\r\n\r\n", 200, 3, .body = ""},
    {"as many fields as allowed", OK "A: 1\r\nB: 2\r\nC: 3\r\nContent-Length: 0\r\n\r\n", 200, 4,
     .body = ""},
    {"the highest status", "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", 599, 1, .body = ""},
};

static void check_good(const struct good_response *good)
{
    struct text stream = text_of(good->stream);
    struct reading_plan plan = whole(stream);
    plan.head_request = good->head_request;
    plan.ends = good->ends;
    struct reading reading;
    reading_init(&reading, stream, &plan);

    if (reading.progress != HTTP1_COMPLETE)
        fail_msg("%s: is not complete: %s", good->name, reading.why.message);
    if (!text_equal(reading.response.body, text_of(good->body)) ||
        reading.response.status != good->status || reading.status != good->status ||
        reading.response.field_count != good->field_count ||
        reading.consumed != stream.size - good->left || reading.keeps_alive == good->closes)
        fail_msg("%s: HTTP status %u, %zu fields, body '%.*s', %zu bytes of %zu, kept alive: %d",
                 good->name, reading.response.status, reading.response.field_count,
                 text_arguments(reading.response.body), reading.consumed, stream.size,
                 reading.keeps_alive);
    assert_cuts_do_not_matter(&reading, stream, &plan, good->name);
    reading_clear(&reading);
}

static void good_responses_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(good_responses); i++)
        check_good(&good_responses[i]);
}

struct broken_response {
    const char *name, *stream;
    enum http1_fault fault;
    const char *why; /* a part of the message */
};

#define MALFORMED HTTP1_FAULT_MALFORMED
#define HEAD_TOO_LARGE HTTP1_FAULT_HEAD_TOO_LARGE
#define BODY_TOO_LARGE HTTP1_FAULT_BODY_TOO_LARGE
#define TEN_BYTES "0123456789"
#define FIFTY_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES
#define HUNDRED_BYTES FIFTY_BYTES FIFTY_BYTES

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

/* Every stream that is a good response's, cut short. */
static void check_cut_short(const struct good_response *good, size_t bytes)
{
    struct text stream = {good->stream, bytes};
    struct reading_plan plan = whole(stream);
    plan.head_request = good->head_request;
    struct reading open, ended;
    reading_init(&open, stream, &plan);
    plan.ends = true;
    reading_init(&ended, stream, &plan);

    if (open.progress != HTTP1_MORE)
        fail_msg("%s: %zu bytes of it are no beginning", good->name, bytes);
    bool until_end = good->ends && strstr(good->stream, "\r\n\r\n") + 4 <= good->stream + bytes;
    if (ended.progress != (until_end ? HTTP1_COMPLETE : HTTP1_BROKEN))
        fail_msg("%s: %zu bytes of it and the end: %d", good->name, bytes, (int)ended.progress);
    reading_clear(&open);
    reading_clear(&ended);
}

static void a_response_that_is_cut_short_is_neither_complete_nor_taken_for_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(good_responses); i++) {
        const struct good_response *good = &good_responses[i];
        size_t response_bytes = strlen(good->stream) - good->left;
        for (size_t bytes = 0; bytes < response_bytes; bytes++)
            check_cut_short(good, bytes);
    }
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

static void values_are_found_without_the_whitespace_around_them(void **state)
{
    (void)state;
    struct text stream = text_literal(OK "A: \t x  y\t \r\nB:\r\nC:z\r\nContent-Length:0\r\n\r\n");
    struct reading_plan plan = whole(stream);
    struct reading reading;
    reading_init(&reading, stream, &plan);
    assert_true(text_equal(http_response_field(&reading.response, text_literal("a")),
                           text_literal("x  y")));
    assert_true(
        text_equal(http_response_field(&reading.response, text_literal("b")), text_literal("")));
    assert_true(
        text_equal(http_response_field(&reading.response, text_literal("C")), text_literal("z")));
    assert_null(http_response_field(&reading.response, text_literal("d")).data);
    reading_clear(&reading);
}

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

/* The status is known as soon as its line is, for responses that then break, and not before. */
static void the_status_is_known_when_its_line_is(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        unsigned status;
    } rows[] = {{"HTTP/1.1 201 Created", 0},
                {"HTTP/1.1 201 Created\r\n", 201},
                {"HTTP/1.1 201 Created\r\nbroken\r\n", 201},
                {"HTTP/1.1 100 Continue\r\n\r\n", 0},
                {"HTTP/1.1 101 Switching Protocols\r\n", 0},
                {"HTTP/1.1 700 x\r\n", 0}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct text stream = text_of(rows[i].stream);
        struct reading_plan plan = whole(stream);
        struct reading reading;
        reading_init(&reading, stream, &plan);
        assert_int_equal(reading.status, rows[i].status);
        reading_clear(&reading);
    }
}

static void a_reader_is_untouched_until_the_first_byte(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct http1_reader *reader = http1_reader_new(&arena, &limits, false);
    struct status status;
    size_t consumed = 1;
    assert_int_equal(http1_reader_feed(reader, (struct text){NULL, 0}, &consumed, &status),
                     HTTP1_MORE);
    assert_int_equal(consumed, 0);
    assert_true(http1_reader_untouched(reader));
    assert_int_equal(http1_reader_feed(reader, text_literal("H"), &consumed, &status), HTTP1_MORE);
    assert_false(http1_reader_untouched(reader));
    assert_int_equal(
        http1_reader_feed(reader, text_literal("TTP/1.1 100 x\r\n\r\n"), &consumed, &status),
        HTTP1_MORE);
    assert_false(http1_reader_untouched(reader));
    arena_clear(&arena);
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

static void many_fields_are_kept_in_their_order(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct buffer stream;
    buffer_init(&stream, &arena, 0);
    buffer_add_literal(&stream, OK "Content-Length: 0\r\n");
    for (char c = '!'; c < 'Z'; c++) {
        buffer_add_literal(&stream, "F: ");
        buffer_add_char(&stream, c);
        buffer_add_literal(&stream, "\r\n");
    }
    buffer_add_literal(&stream, "\r\n");
    struct reading_plan plan = whole(buffer_text(&stream));
    plan.limits = (struct http1_limits){
        .head_bytes = 4096, .field_count = 100, .body_bytes = 1, .interim = 0};
    struct reading reading;
    reading_init(&reading, buffer_text(&stream), &plan);
    assert_int_equal(reading.response.field_count, 1 + 'Z' - '!');
    for (size_t i = 1; i < reading.response.field_count; i++)
        assert_int_equal(reading.response.fields[i].value.data[0], '!' + (int)i - 1);
    reading_clear(&reading);
    arena_clear(&arena);
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

/* A reader that was fed the whole stream. */
static struct http1_reader *read_stream(const char *stream, struct arena *arena)
{
    size_t consumed;
    struct status status;
    struct http1_reader *reader = http1_reader_new(arena, &limits, false);
    assert_non_null(reader);
    assert_int_not_equal(http1_reader_feed(reader, text_of(stream), &consumed, &status),
                         HTTP1_BROKEN);
    return reader;
}

static void only_a_whole_json_text_of_http_1_0_may_be_cut_off(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        enum http1_progress progress;
    } rows[] = {
        {"HTTP/1.0 200 OK\r\n\r\n{\"a\":1}", HTTP1_COMPLETE},
        {"HTTP/1.0 200 OK\r\n\r\n{\"a\":1", HTTP1_BROKEN},
        {"HTTP/1.0 200 OK\r\n\r\n12", HTTP1_BROKEN},
        {"HTTP/1.0 200 OK\r\n\r\n", HTTP1_BROKEN},
        {"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":1}", HTTP1_BROKEN},
        {"HTTP/1.1 200 OK\r\n\r\n{\"a\":1}", HTTP1_BROKEN},
        {"HTTP/1.0 2", HTTP1_BROKEN},
        {"", HTTP1_BROKEN},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct status status;
        arena_init(&arena, 1 << 16);
        if (http1_reader_cut(read_stream(rows[i].stream, &arena), &status) != rows[i].progress)
            fail_msg("\"%s\" is judged wrongly", rows[i].stream);
        arena_clear(&arena);
    }
}

static void the_idle_time_that_the_peer_allows_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        uint64_t seconds;
    } rows[] = {
        {OK "Keep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n", 5},
        {OK "keep-alive: max=100 , TIMEOUT=60\r\nContent-Length: 0\r\n\r\n", 60},
        {OK "Keep-Alive: timeout=0\r\nContent-Length: 0\r\n\r\n", 0},
        {OK "Keep-Alive: timeout=\r\nContent-Length: 0\r\n\r\n", UINT64_MAX},
        {OK "Keep-Alive: timeout=5s\r\nContent-Length: 0\r\n\r\n", UINT64_MAX},
        {OK "Keep-Alive: timeout\r\nContent-Length: 0\r\n\r\n", UINT64_MAX},
        {OK "Content-Length: 0\r\n\r\n", UINT64_MAX},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        uint64_t seconds = http1_reader_idle_limit_s(read_stream(rows[i].stream, &arena));
        if (seconds != rows[i].seconds)
            fail_msg("\"%s\" is read as %ju s", rows[i].stream, (uintmax_t)seconds);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_whole_json_text_of_http_1_0_may_be_cut_off),
        cmocka_unit_test(the_idle_time_that_the_peer_allows_is_read),
        cmocka_unit_test(good_responses_are_read),
        cmocka_unit_test(broken_responses_are_refused),
        cmocka_unit_test(a_response_that_is_cut_short_is_neither_complete_nor_taken_for_one),
        cmocka_unit_test(a_nul_is_refused_in_heads_and_kept_in_bodies),
        cmocka_unit_test(values_are_found_without_the_whitespace_around_them),
        cmocka_unit_test(chunk_extensions_are_bounded_all_together),
        cmocka_unit_test(the_status_is_known_when_its_line_is),
        cmocka_unit_test(a_reader_is_untouched_until_the_first_byte),
        cmocka_unit_test(a_full_arena_breaks_the_response),
        cmocka_unit_test(each_head_may_take_its_limit_and_no_byte_more),
        cmocka_unit_test(many_fields_are_kept_in_their_order),
        cmocka_unit_test(an_announced_body_above_the_limit_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
