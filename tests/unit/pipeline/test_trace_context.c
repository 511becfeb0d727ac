/* SPDX-License-Identifier: MIT */
/* Which values of trace headers follow their standard, and which trace ID do they have? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pipeline/trace_context.h"

#include "base/banned.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SHORT "8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define ZEROS "00000000000000000000000000000000"

static const struct {
    const char *name, *value, *trace_id; /* NULL: it has none */
} legal[] = {
    {"traceparent", "00-" TRACE "-" SPAN "-01", TRACE},
    {"traceparent", "00-" TRACE "-" SPAN "-ff", TRACE},
    {"traceparent", "cc-" TRACE "-" SPAN "-01", TRACE},
    {"traceparent", "01-" TRACE "-" SPAN "-01-what the future brings", TRACE},
    {"tracestate", "vendor=1", NULL},
    {"tracestate", "a=1,\t,b_-*/9=x y@z , tenant@system=!", NULL},
    {"b3", TRACE "-" SPAN "-1-" SPAN, TRACE},
    {"b3", SHORT "-" SPAN "-d", SHORT},
    {"b3", TRACE "-" SPAN, TRACE},
    {"b3", "0", NULL},
    {"x-b3-traceid", TRACE, TRACE},
    {"x-b3-traceid", SHORT, SHORT},
    {"x-b3-spanid", SPAN, NULL},
    {"x-b3-parentspanid", SPAN, NULL},
    {"x-b3-sampled", "1", NULL},
    {"x-b3-sampled", "false", NULL},
    {"x-b3-flags", "1", NULL},
};

static const struct {
    const char *name, *value;
} illegal[] = {
    {"traceparent", ""},
    {"traceparent", "00"},
    {"traceparent", "00-" TRACE "-" SPAN "-0"},
    {"traceparent", "00-" TRACE "-" SPAN "-0g"},
    {"traceparent", "00-" TRACE "-" SPAN "-01-more"},
    {"traceparent", "01-" TRACE "-" SPAN "-01more"},
    {"traceparent", "01-" TRACE "-" SPAN "-01-\r\nX-Auth-Token: t"},
    {"traceparent", "01-" TRACE "-" SPAN "-01-caf\xe9"},
    {"traceparent", "ff-" TRACE "-" SPAN "-01"},
    {"traceparent", "0-" TRACE "-" SPAN "-01"},
    {"traceparent", "00-" ZEROS "-" SPAN "-01"},
    {"traceparent", "00-" TRACE "-0000000000000000-01"},
    {"traceparent", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01"},
    {"traceparent", "00-" SHORT "-" SPAN "-01"},
    {"traceparent", "00_" TRACE "_" SPAN "_01"},
    {"traceparent", " 00-" TRACE "-" SPAN "-01"},
    {"traceparent", "00-" TRACE "-" SPAN "-01 "},
    {"tracestate", "vendor"},
    {"tracestate", "=1"},
    {"tracestate", "vendor="},
    {"tracestate", "Vendor=1"},
    {"tracestate", "a=1=2"},
    {"tracestate", "a=\x7f"},
    {"tracestate", "a b=1"},
    {"tracestate", ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"},
    {"b3", TRACE},
    {"b3", "2"},
    {"b3", TRACE "-" SPAN "-"},
    {"b3", TRACE "-" SPAN "-2"},
    {"b3", TRACE "-" SPAN "-1-"},
    {"b3", TRACE "-" SPAN "-1-" SPAN "0"},
    {"b3", ZEROS "-" SPAN "-1"},
    {"b3", SHORT "0-" SPAN "-1"},
    {"x-b3-traceid", SPAN "0"},
    {"x-b3-traceid", ZEROS},
    {"x-b3-traceid", ZEROS SHORT},
    {"x-b3-spanid", TRACE},
    {"x-b3-parentspanid", "root"},
    {"x-b3-sampled", "yes"},
    {"x-b3-flags", "01"},
    {"baggage", "user=1"},
    {"x-request-id", "1"},
    {"authorization", "Bearer 1"},
};

static void trace_context_that_follows_its_standard_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(legal); i++) {
        struct text id = {NULL, 0};
        if (!trace_context_read(text_of(legal[i].name), text_of(legal[i].value), &id))
            fail_msg("%s: %s", legal[i].name, legal[i].value);
        assert_true(text_equal(id, legal[i].trace_id ? text_of(legal[i].trace_id)
                                                     : (struct text){NULL, 0}));
    }
}

static void trace_context_that_does_not_follow_its_standard_is_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(illegal); i++) {
        struct text id = {NULL, 0};
        if (trace_context_read(text_of(illegal[i].name), text_of(illegal[i].value), &id))
            fail_msg("%s: %s", illegal[i].name, illegal[i].value);
        assert_null(id.data);
    }
}

/* A value ends where its view does, whatever lies behind: tools that check memory look on. */
static void nothing_behind_a_value_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(legal); i++)
        for (size_t bytes = 0; bytes < strlen(legal[i].value); bytes++) {
            struct text id;
            char *copy = memcpy(test_malloc(bytes + (bytes == 0)), legal[i].value, bytes);
            (void)!trace_context_read(text_of(legal[i].name), (struct text){copy, bytes}, &id);
            test_free(copy);
        }
}

static void more_members_than_the_standard_allows_are_refused(void **state)
{
    (void)state;
    char value[4 * 33];
    struct text id;
    for (size_t i = 0; i < 33; i++)
        memcpy(value + 4 * i, "a=1,", 4);
    assert_true(
        trace_context_read(text_literal("tracestate"), (struct text){value, 4 * 32 - 1}, &id));
    assert_false(
        trace_context_read(text_literal("tracestate"), (struct text){value, 4 * 33 - 1}, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_context_that_follows_its_standard_is_read),
        cmocka_unit_test(trace_context_that_does_not_follow_its_standard_is_not_read),
        cmocka_unit_test(nothing_behind_a_value_is_read),
        cmocka_unit_test(more_members_than_the_standard_allows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
