/* SPDX-License-Identifier: MIT */
/* Does the query that a rule makes of a message keep its values, and nothing else? */
#include "rest/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_rules.h"

static const struct json_style apig_style;

static struct text query_in(const struct json_style *style, const struct http_rule *rule,
                            const ProtobufCMessage *message)
{
    struct buffer out;
    struct status status;
    buffer_init(&out, &arena, 0);
    if (!query_expand(rule, message, style, &out, &status))
        fail_msg("%s", status.message);
    return buffer_text(&out);
}

static void fields_in_neither_path_nor_body_become_the_query(void **state)
{
    (void)state;
    static const struct {
        const char *template, *body, *lines, *query;
    } rows[] = {
        {"/v1", NULL, "", ""},
        {"/v1/{id}", NULL, "id=a", ""},
        {"/v1/{id}", NULL, "id=a\nname=b", "name=b"},
        {"/v1/{part.id}", NULL, "part.id=a\npart.note=b\nid=c", "id=c&part.note=b"},
        {"/v1/{part.owner.id}", NULL, "part.id=a\npart.owner.id=b", "part.id=a"},
        {"/v1", "part", "part.id=a\nname=b", "name=b"},
        {"/v1", "id", "id=a\nname=b", "name=b"},
        {"/v1", NULL, "name=a&b=c d+\xc3\xa9/", "name=a%26b%3Dc%20d%2B%C3%A9%2F"},
        {"/v1", NULL, "part.id=a\npart.owner.id=b", "part.id=a&part.owner.id=b"},
        {"/v1", NULL, "tags=a\ntags=\ntags=b/c", "tags=a&tags=&tags=b%2Fc"},
        {"/v1", NULL, "numbers=1\nnumbers=-2", "numbers=1&numbers=-2"},
        {"/v1", NULL, "text.value=", "text="},
        {"/v1", NULL, "text.value=a\nnumber.value=5", "text=a&number=5"},
        {"/v1", NULL, "maybe=", "maybe="},
        {"/v1", NULL, "left=", "left="},
        {"/v1", NULL, "right=0", "right=0"},
        {"/v1", NULL, "count=-2147483648\nsmall=-9223372036854775808\nlarge=18446744073709551615",
         "count=-2147483648&small=-9223372036854775808&large=18446744073709551615"},
        {"/v1", NULL, "zigzag=-1\nfixed=4294967295\nsfixed=-1",
         "zigzag=-1&fixed=4294967295&sfixed=-1"},
        {"/v1", NULL, "flag=1\ncolour=1", "flag=true&colour=1"},
        {"/v1", NULL, "colour=7", "colour=7"},
        {"/v1", NULL, "single=0.1\nreal=0.1", "single=0.1&real=0.1"},
        {"/v1", NULL, "single=3.4028235e38\nreal=1.7976931348623157e308",
         "single=3.4028235e%2B38&real=1.7976931348623157e%2B308"},
        {"/v1", NULL, "single=nan\nreal=-inf", "single=NaN&real=-Infinity"},
        {"/v1", NULL, "real=inf", "real=Infinity"},
        {"/v1", NULL, "data=\xff\xfe\xfb\x01", "data=__77AQ%3D%3D"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct http_rule rule = parsed("Request", option_of(POST, rows[i].template, rows[i].body));
        assert_text(query_in(&apig_style, &rule, message_of("Request", rows[i].lines)),
                    rows[i].query);
    }
}

static void a_type_inside_itself_fits_a_query(void **state)
{
    (void)state;
    struct http_rule rule = parsed("Tree", option_of(GET, "/v1/{left.name}", NULL));
    assert_text(query_in(&apig_style, &rule,
                         message_of("Tree", "name=a\nleft.name=b\nleft.left.name=c\nright.name=d")),
                "name=a&left.left.name=c&right.name=d");
}

static void a_type_whose_json_is_a_text_is_a_parameter(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *query;
    } rows[] = {
        {"time.seconds=1704067200\ntime.nanos=500000000", "time=2024-01-01T00%3A00%3A00.500Z"},
        {"duration.seconds=-3", "duration=-3s"},
        {"mask.paths=a\nmask.paths=b_c.d", "mask=a%2CbC.d"},
        {"mask=", "mask="},
        {"inner.duration.nanos=1000000\ninner.mask.paths=x", "inner.duration=0.001s&inner.mask=x"},
    };
    struct http_rule rule = parsed("WithTime", option_of(GET, "/v1", NULL));
    for (size_t i = 0; i < array_length(rows); i++)
        assert_text(query_in(&apig_style, &rule, message_of("WithTime", rows[i].lines)),
                    rows[i].query);
}

static void a_value_without_a_json_form_is_refused_with_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *why;
    } rows[] = {
        {"time.seconds=253402300800", "time: the timestamp is not between"},
        {"inner.duration.seconds=1\ninner.duration.nanos=-1", "inner: duration: the duration is"},
        {"mask.paths=aB", "mask: the field mask's path"},
    };
    struct http_rule rule = parsed("WithTime", option_of(GET, "/v1", NULL));
    for (size_t i = 0; i < array_length(rows); i++) {
        struct buffer out;
        struct status status;
        buffer_init(&out, &arena, 0);
        assert_false(
            query_expand(&rule, message_of("WithTime", rows[i].lines), &apig_style, &out, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_ptr_equal(strstr(status.message, rows[i].why), status.message);
    }
}

static void names_and_enums_have_the_style_of_the_file(void **state)
{
    (void)state;
    static const struct json_style protobuf = {
        .names = JSON_NAMES_JSON, .int64 = JSON_INT64_STRING, .enum_names = true};
    static const char lines[] = "long_name=a\ncolour=1\nsmall=5\npart.other_note=b";
    struct http_rule rule = parsed("Request", option_of(GET, "/v1", NULL));
    ProtobufCMessage *message = message_of("Request", lines);
    assert_text(query_in(&apig_style, &rule, message),
                "part.%23note=b&small=5&colour=1&long_name=a");
    assert_text(query_in(&protobuf, &rule, message),
                "part.%23note=b&small=5&colour=COLOUR_RED&longName=a");
    assert_text(query_in(&protobuf, &rule, message_of("Request", "colour=7")), "colour=7");
}

static void a_full_arena_is_reported(void **state)
{
    (void)state;
    must_report_a_full_arena(query_expand, &apig_style, "data=Yw%3D%3D&tags=b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_arena(fields_in_neither_path_nor_body_become_the_query),
        with_arena(a_type_inside_itself_fits_a_query),
        with_arena(a_type_whose_json_is_a_text_is_a_parameter),
        with_arena(a_value_without_a_json_form_is_refused_with_its_field),
        with_arena(names_and_enums_have_the_style_of_the_file),
        with_arena(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, http_rules_load, http_rules_unload);
}
