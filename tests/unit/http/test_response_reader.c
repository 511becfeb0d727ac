/* SPDX-License-Identifier: MIT */
/* Which responses are read, and is the result independent of the cuts between pieces? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "response_trial.h"

#include "base/banned.h"

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
        cmocka_unit_test(a_response_that_is_cut_short_is_neither_complete_nor_taken_for_one),
        cmocka_unit_test(values_are_found_without_the_whitespace_around_them),
        cmocka_unit_test(the_status_is_known_when_its_line_is),
        cmocka_unit_test(a_reader_is_untouched_until_the_first_byte),
        cmocka_unit_test(many_fields_are_kept_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
