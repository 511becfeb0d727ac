/* SPDX-License-Identifier: MIT */
/* HTTP rules of the messages of protos/http.proto. A group of tests has http_rules_load and
 * http_rules_unload as setup and teardown; each of its tests is with_arena. Include cmocka.h
 * first. */
#pragma once

#include "schema/http_rule.h"

#include "lines.h"
#include "sets.h"

/* protos/http.proto, and the memory of one test. */
static struct sets http;
static struct arena arena;

/* google.api.HttpRule's field numbers. */
enum {
    GET = 2,
    PUT = 3,
    POST = 4,
    DELETE = 5,
    PATCH = 6,
    BODY = 7,
    CUSTOM = 8,
    RESPONSE_BODY = 12
};

/* One field of an option, as protoc would write it. */
static inline void add_piece(struct buffer *option, unsigned number, struct text value)
{
    assert_true(value.size < 128);
    buffer_add_char(option, (char)(number << 3 | 2));
    buffer_add_char(option, (char)value.size);
    buffer_add_text(option, value);
}

/* An option with a pattern, and with a body unless that is NULL. */
static inline struct text option_of(unsigned pattern, const char *template, const char *body)
{
    struct buffer option;
    buffer_init(&option, &arena, 128);
    add_piece(&option, pattern, text_of(template));
    if (body)
        add_piece(&option, BODY, text_of(body));
    return buffer_text(&option);
}

static inline bool parse(const char *request, struct text option, struct http_rule *rule,
                         struct status *status)
{
    return http_rule_parse(text_literal("the.Method"), option, sets_type(&http, request),
                           sets_type(&http, "Answer"), &arena, rule, status);
}

static inline struct http_rule parsed(const char *request, struct text option)
{
    struct http_rule rule;
    struct status status;
    if (!parse(request, option, &rule, &status))
        fail_msg("%s", status.message);
    return rule;
}

static inline ProtobufCMessage *message_of(const char *request, const char *lines)
{
    return lines_message(sets_type(&http, request), lines, &arena);
}

/* A path_expand or query_expand with a rule and message of "Request" writes `wanted`, or fails with
 * RESOURCE_EXHAUSTED, whatever the size of the arena. */
static inline void must_report_a_full_arena(
    bool (*expand)(const struct http_rule *rule, const ProtobufCMessage *message,
                   const struct json_style *style, struct buffer *out, struct status *status),
    const struct json_style *style, const char *wanted)
{
    static const char lines[] = "name=a\ncount=5\ntags=b\ndata=c";
    struct http_rule rule = parsed("Request", option_of(GET, "/v1/{count}/{name}", NULL));
    ProtobufCMessage *message = message_of("Request", lines);
    for (size_t limit = 0; limit < 256; limit += 16) {
        struct arena small;
        struct buffer out;
        struct status status;
        arena_init(&small, limit);
        buffer_init(&out, &small, 0);
        if (!expand(&rule, message, style, &out, &status))
            assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
        else
            assert_true(text_equal(buffer_text(&out), text_of(wanted)));
        arena_clear(&small);
    }
}

static inline void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", text_arguments(text), expected);
}

static inline int http_rules_load(void **state)
{
    (void)state;
    http = sets_load("protos/http.binpb");
    return 0;
}

static inline int http_rules_unload(void **state)
{
    (void)state;
    sets_clear(&http);
    return 0;
}

static inline int http_rules_begin(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static inline int http_rules_end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

#define with_arena(test) cmocka_unit_test_setup_teardown(test, http_rules_begin, http_rules_end)
