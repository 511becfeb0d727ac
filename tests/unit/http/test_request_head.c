/* SPDX-License-Identifier: MIT */
/* Is a request's head read as RFC 9112 says, and everything else refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "http/request_head.h"

#include "base/banned.h"

static void good_heads_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *method, *path, *query;
        size_t body_bytes;
    } heads[] = {
        {"GET / HTTP/1.1\r\n\r\n", "GET", "/", "", 0},
        {"GET /readyz?verbose HTTP/1.0\r\nHost: a\r\n\r\n", "GET", "/readyz", "verbose", 0},
        {"HEAD /a?b?c HTTP/1.1\r\nX-Empty:\r\n\r\n", "HEAD", "/a", "b?c", 0},
        {"POST /q HTTP/1.1\r\ncontent-LENGTH: \t17 \r\n\r\n", "POST", "/q", "", 17},
        {"POST /q HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", "POST", "/q", "", 3},
    };
    for (size_t i = 0; i < array_length(heads); i++) {
        struct http_head head;
        assert_int_equal(http_head_read(text_of(heads[i].bytes), &head), 0);
        assert_true(text_equal(head.method, text_of(heads[i].method)));
        assert_true(text_equal(head.path, text_of(heads[i].path)));
        assert_true(text_equal(head.query, text_of(heads[i].query)));
        assert_int_equal(head.body_bytes, heads[i].body_bytes);
    }
}

static void fields_that_matter_are_kept(void **state)
{
    (void)state;
    struct http_head head;
    const char *bytes =
        "GET / HTTP/1.1\r\nX: y\r\nHOST: a:1\r\nOrigin:\r\nAccept: b\r\naccept: c\r\n\r\n";
    assert_int_equal(http_head_read(text_of(bytes), &head), 0);
    assert_true(text_equal(head.host, text_literal("a:1")));
    assert_true(text_equal(head.accept, text_literal("b")));
    assert_non_null(head.origin.data);
    assert_int_equal(head.origin.size, 0);
    assert_null(head.sec_fetch_site.data);
}

static void every_other_head_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned refusal;
    } heads[] = {
        {"", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"\r\n\r\n", 400},
        {"GET\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {" / HTTP/1.1\r\n\r\n", 400},
        {"G@T / HTTP/1.1\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n\r\n", 400},
        {"GET a HTTP/1.1\r\n\r\n", 400},
        {"GET http://a/ HTTP/1.1\r\n\r\n", 400},
        {"OPTIONS * HTTP/1.1\r\n\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\n\r\n", 400},
        {"GET /\xc3\xa9 HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1", 400},
        {"GET / HTTP/1.1\r\n", 400},
        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\r\n folded: c\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
        {"GET / HTTP/2.0\r\n\r\n", 505},
        {"GET / HTTP/1.10\r\n\r\n", 505},
        {"GET / http/1.1\r\n\r\n", 505},
        {"GET / HTTP/1.1 \r\n\r\n", 505},
    };
    for (size_t i = 0; i < array_length(heads); i++) {
        struct http_head head = {.body_bytes = 77};
        if (http_head_read(text_of(heads[i].bytes), &head) != heads[i].refusal)
            fail_msg("not refused with %u: %s", heads[i].refusal, heads[i].bytes);
        assert_int_equal(head.body_bytes, 77);
    }
}

/* In memory of its own, so that a sanitizer sees a read beyond the end. */
static void every_beginning_of_a_head_is_refused(void **state)
{
    (void)state;
    struct text whole = text_literal("GET /a?b HTTP/1.1\r\nContent-Length: 1\r\n\r\n");
    for (size_t bytes = 0; bytes < whole.size; bytes++) {
        struct http_head head;
        char *part = malloc(bytes + 1);
        memcpy(part, whole.data, bytes);
        part = realloc(part, bytes ? bytes : 1);
        assert_int_not_equal(http_head_read((struct text){part, bytes}, &head), 0);
        free(part);
    }
}

static void a_media_type_is_accepted_when_it_is_named_in_that_version(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool accepted;
    } rows[] = {
        {"application/openmetrics-text", true},
        {"Application/OpenMetrics-Text;version=1.0.0", true},
        {"text/plain;q=0.5 , application/openmetrics-text ; q=0.7 ; version=1.0.0", true},
        {"application/openmetrics-text;version=0.0.1,application/openmetrics-text", true},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.2", true},
        {"application/openmetrics-text;version=0.0.1", false},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=0.000", false},
        {"application/openmetrics-text2", false},
        {"text/plain", false},
        {"*/*", false},
        {"application/*", false},
        {"", false},
        {";,;=,,=;q", false},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        char bytes[256];
        struct http_head head;
        snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\naccept: %s\r\n\r\n", rows[i].accept);
        assert_int_equal(http_head_read(text_of(bytes), &head), 0);
        assert_int_equal(http_head_accepts(&head, text_literal("application/openmetrics-text"),
                                           text_literal("1.0.0")),
                         rows[i].accepted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads_are_read),
        cmocka_unit_test(fields_that_matter_are_kept),
        cmocka_unit_test(every_other_head_is_refused),
        cmocka_unit_test(every_beginning_of_a_head_is_refused),
        cmocka_unit_test(a_media_type_is_accepted_when_it_is_named_in_that_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
