/* SPDX-License-Identifier: MIT */
#include "schema/http_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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
static void add_piece(struct buffer *option, unsigned number, struct text value)
{
    assert_true(value.size < 128);
    buffer_add_char(option, (char)(number << 3 | 2));
    buffer_add_char(option, (char)value.size);
    buffer_add_text(option, value);
}

static struct text option_of(unsigned pattern, const char *template, const char *body)
{
    struct buffer option;
    buffer_init(&option, &arena, 128);
    add_piece(&option, pattern, text_of(template));
    if (body)
        add_piece(&option, BODY, text_of(body));
    return buffer_text(&option);
}

static bool parse(const char *request, struct text option, struct http_rule *rule,
                  struct status *status)
{
    return http_rule_parse(text_literal("the.Method"), option, sets_type(&http, request),
                           sets_type(&http, "Answer"), &arena, rule, status);
}

static struct http_rule parsed(const char *request, struct text option)
{
    struct http_rule rule;
    struct status status;
    if (!parse(request, option, &rule, &status))
        fail_msg("%s", status.message);
    return rule;
}

static ProtobufCMessage *message_of(const char *request, const char *lines)
{
    return lines_message(sets_type(&http, request), lines, &arena);
}

static bool expand_path(const struct http_rule *rule, const ProtobufCMessage *message,
                        struct text *path, struct status *status)
{
    struct buffer out;
    buffer_init(&out, &arena, 0);
    if (!http_rule_expand_path(rule, message, &out, status))
        return false;
    *path = buffer_text(&out);
    return true;
}

static struct text query_of(const struct http_rule *rule, const char *request,
                            const ProtobufCMessage *message)
{
    struct buffer out;
    struct status status;
    buffer_init(&out, &arena, 0);
    if (!http_rule_expand_query(rule, sets_type(&http, request), message, &out, &status))
        fail_msg("%s", status.message);
    return buffer_text(&out);
}

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", text_arguments(text), expected);
}

/* The path that a rule "GET template" gives for a request of these lines. */
static bool path_for(const char *template, const char *lines, struct text *path,
                     struct status *status)
{
    struct http_rule rule = parsed("Request", option_of(GET, template, NULL));
    return expand_path(&rule, message_of("Request", lines), path, status);
}

static void a_template_becomes_a_path(void **state)
{
    (void)state;
    static const struct {
        const char *template, *lines, *path;
    } rows[] = {
        {"/v1", "", "/v1"},
        {"/v1/a-b.c_d~e/f!$&'()+,;@", "", "/v1/a-b.c_d~e/f!$&'()+,;@"},
        {"/v1/a%20b", "", "/v1/a%20b"},
        {"/v1/...", "", "/v1/..."},
        {"/v1/a:cancel", "", "/v1/a:cancel"},
        {"/v1/{id}", "id=abc", "/v1/abc"},
        {"/v1/{id=*}", "id=abc", "/v1/abc"},
        {"/{id}/{name}", "id=a\nname=b", "/a/b"},
        {"/v1/{id}/x/{name}/y", "id=a\nname=b", "/v1/a/x/b/y"},
        {"/v1/{id}:cancel", "id=a", "/v1/a:cancel"},
        {"/v1/{part.id}", "part.id=a", "/v1/a"},
        {"/v1/{part.owner.id}", "part.owner.id=a", "/v1/a"},
        {"/v1/{id=a/*}", "id=a/b", "/v1/a/b"},
        {"/v1/{id=a/*/c/*}", "id=a/b/c/d", "/v1/a/b/c/d"},
        {"/v1/{id=a/**}", "id=a/b/c", "/v1/a/b/c"},
        {"/v1/{id=a/**}", "id=a", "/v1/a"},
        {"/v1/{id=**}", "id=a/b/c", "/v1/a/b/c"},
        {"/v1/{id=**}:go", "id=a/b", "/v1/a/b:go"},
        {"/v1/{id=fixed}", "id=fixed", "/v1/fixed"},
        {"/v1/{maybe}", "maybe=a", "/v1/a"},
        {"/v1/{left}", "left=a", "/v1/a"},
        {"/v1/{count}", "count=-7", "/v1/-7"},
        {"/v1/{count}", "", "/v1/0"},
        {"/v1/{flag}", "flag=1", "/v1/true"},
        {"/v1/{colour}", "colour=1", "/v1/1"},
        {"/v1/{data}", "data=\xff\xfe\xfb", "/v1/__77"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct text path;
        if (!path_for(rows[i].template, rows[i].lines, &path, &status))
            fail_msg("%s: %s", rows[i].template, status.message);
        assert_text(path, rows[i].path);
    }
}

static void all_but_unreserved_characters_are_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *value, *single, *multiple;
    } rows[] = {
        {"AZaz09-._~", "AZaz09-._~", "AZaz09-._~"},
        {"a/b", "a%2Fb", "a/b"},
        {"a b", "a%20b", "a%20b"},
        {"?#[]@!$&'()*+,;=:", "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A",
         "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A"},
        {"%2e%2e", "%252e%252e", "%252e%252e"},
        {"a\\b", "a%5Cb", "a%5Cb"},
        {"\x01\x7f\r", "%01%7F%0D", "%01%7F%0D"},
        {"\xe4\xb8\xad", "%E4%B8%AD", "%E4%B8%AD"},
        {"...", "...", "..."},
        {"a..b/.c/d.", "a..b%2F.c%2Fd.", "a..b/.c/d."},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct text path;
        char lines[128];
        snprintf(lines, sizeof lines, "id=%s", rows[i].value);
        assert_true(path_for("/{id}", lines, &path, &status));
        assert_text((struct text){path.data + 1, path.size - 1}, rows[i].single);
        assert_true(path_for("/{id=**}", lines, &path, &status));
        assert_text((struct text){path.data + 1, path.size - 1}, rows[i].multiple);
    }
}

static void a_value_that_would_change_the_path_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *template, *lines, *why;
    } rows[] = {
        {"/v1/{id}", "", "id: must be set"},
        {"/v1/{id=**}", "", "id: must be set"},
        {"/v1/{maybe}", "", "maybe: must be set"},
        {"/v1/{left}", "right=1", "left: must be set"},
        {"/v1/{part.owner.id}", "part.id=a", "part.owner.id: must be set"},
        {"/v1/{part.id}", "part.note=a", "part.id: must be set"},
        {"/v1/{data}", "", "data: must be set"},
        {"/v1/{id}", "id=.", "\"..\" segment"},
        {"/v1/{id}", "id=..", "\"..\" segment"},
        {"/v1/{id}", "id=a/../b", "\"..\" segment"},
        {"/v1/{id}:go", "id=..", "\"..\" segment"},
        {"/v1/{id=**}", "id=..", "\"..\" segment"},
        {"/v1/{id=**}", "id=../a", "\"..\" segment"},
        {"/v1/{id=**}", "id=a/./b", "\"..\" segment"},
        {"/v1/{id=**}", "id=a/..", "\"..\" segment"},
        {"/v1/{id=a/**}", "id=a/..", "\"..\" segment"},
        {"/v1/{id=a/*}", "id=a/..", "\"..\" segment"},
        {"/v1/{id=**}", "id=/a", "empty segment"},
        {"/v1/{id=**}", "id=a//b", "empty segment"},
        {"/v1/{id=**}", "id=a/", "empty segment"},
        {"/v1/{id=a/*}", "id=b/c", "must have the form \"a/*\""},
        {"/v1/{id=a/*}", "id=a", "must have the form"},
        {"/v1/{id=a/*}", "id=a/b/c", "must have the form"},
        {"/v1/{id=a/**}", "id=ab/c", "must have the form"},
        {"/v1/{id=a/*/c}", "id=a/b/d", "must have the form"},
        {"/v1/{id=fixed}", "id=other", "must have the form"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct text path;
        if (path_for(rows[i].template, rows[i].lines, &path, &status))
            fail_msg("%s took %s", rows[i].template, rows[i].lines);
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        if (!strstr(status.message, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, rows[i].why);
    }
}

static void a_nul_in_a_path_is_refused(void **state)
{
    (void)state;
    struct status status;
    struct text path;
    struct http_rule rule = parsed("Request", option_of(GET, "/v1/{id}", NULL));
    ProtobufCMessage *message = message_of("Request", "");
    lines_set(sets_type(&http, "Request"), message, text_literal("id"), (struct text){"a\0b", 3},
              &arena);
    assert_false(expand_path(&rule, message, &path, &status));
    assert_string_equal(status.message, "id: must not hold a NUL character");
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
        assert_text(query_of(&rule, "Request", message_of("Request", rows[i].lines)),
                    rows[i].query);
    }
}

static void a_type_inside_itself_fits_a_query(void **state)
{
    (void)state;
    struct http_rule rule = parsed("Tree", option_of(GET, "/v1/{left.name}", NULL));
    assert_text(query_of(&rule, "Tree",
                         message_of("Tree", "name=a\nleft.name=b\nleft.left.name=c\nright.name=d")),
                "name=a&left.left.name=c&right.name=d");
}

static void fields_that_fit_no_query_are_refused_without_a_body(void **state)
{
    (void)state;
    static const struct {
        const char *request, *body, *why;
    } rows[] = {
        {"WithMap", NULL, "test.types.WithMap.labels cannot be"},
        {"WithMap", "id", "test.types.WithMap.labels cannot be"},
        /* The body takes the map away, but for that of the message inside. */
        {"WithMap", "labels", "test.types.WithMap.labels cannot be"},
        {"WithParts", NULL, "test.types.WithParts.parts cannot be"},
        {"WithTime", NULL, "test.types.WithTime.time cannot be"},
        {"WithStruct", NULL, "test.types.WithStruct.struct cannot be"},
        {"WithWrappers", NULL, "test.types.WithWrappers.texts cannot be"},
        {"Deeper", NULL, "test.types.WithMap.labels cannot be"},
        {"WithMap", "*", NULL},
        {"WithParts", "parts", NULL},
        {"WithTime", "time", NULL},
        {"Deeper", "inner", NULL},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct http_rule rule;
        bool good = parse(rows[i].request, option_of(POST, "/v1", rows[i].body), &rule, &status);
        if (good != !rows[i].why)
            fail_msg("%s: %s", rows[i].request, good ? "was taken" : status.message);
        if (!good && !strstr(status.message, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, rows[i].why);
    }
}

static const struct {
    const char *template, *why;
} bad_templates[] = {
    {"", "the HTTP rule has no path"},
    {"v1", "does not begin with a slash"},
    {":verb", "does not begin with a slash"},
    {"/", "empty segment"},
    {"/v1/", "empty segment"},
    {"//v1", "empty segment"},
    {"/v1//a", "empty segment"},
    {"/v1/a b", "is not allowed at its end"},
    {"/v1/a?b=c", "is not allowed at its end"},
    {"/v1/a#b", "is not allowed at its end"},
    {"/v1/\xc3\xa9", "a character that cannot be sent"},
    {"/v1/%2", "a character that cannot be sent"},
    {"/v1/a%zz", "is not allowed at its end"},
    {"/v1/..", "\"..\" segment"},
    {"/v1/./a", "\".\" segment"},
    {"/v1/%2e%2E/a", "\"%2e%2E\" segment"},
    {"/v1/.%2e", "\".%2e\" segment"},
    {"/v1/*", "outside of a variable"},
    {"/v1/**", "outside of a variable"},
    {"/v1/{id", "a { without a }"},
    {"/v1/{", "a { without a }"},
    {"/v1/{}", "names no field"},
    {"/v1/{=a}", "names no field"},
    {"/v1/{ id}", "names no field"},
    {"/v1/{missing}", "{missing} names no field of the request"},
    {"/v1/{part.missing}", "names no field"},
    {"/v1/{id.more}", "names no field"},
    {"/v1/{part.}", "names no field"},
    {"/v1/{.id}", "names no field"},
    {"/v1/{part}", "{part} names a message"},
    {"/v1/{tags}", "{tags} names a repeated field"},
    {"/v1/{text.value}", "sent as a whole"},
    {"/v1/{id}/{id}", "{id} is in it twice"},
    {"/v1/{id}x", "\"x\" is not allowed at its end"},
    {"/v1/x{id}", "\"{id}\" is not allowed at its end"},
    {"/v1/{id}{name}", "is not allowed at its end"},
    {"/v1/{id=}", "\"\" is not a template of a variable"},
    {"/v1/{id=a//b}", "is not a template"},
    {"/v1/{id=a/}", "is not a template"},
    {"/v1/{id=/a}", "is not a template"},
    {"/v1/{id=***}", "is not a template"},
    {"/v1/{id=a*}", "is not a template"},
    {"/v1/{id=**/a}", "is not a template"},
    {"/v1/{id=../*}", "is not a template"},
    {"/v1/{id=%61/*}", "is not a template"},
    {"/v1/{id={name}}", "is not a template"},
    {"/v1/{id=**}/a", "\"/a\" is not allowed at its end"},
    {"/v1/{id=**}/{name}", "is not allowed at its end"},
    {"/v1/a:b/c", "\"/c\" is not allowed at its end"},
    {"/v1/a:b:c", "\":c\" is not allowed at its end"},
    {"/v1/a:", "empty segment"},
    {"/v1/a:{id}", "a character that cannot be sent"},
};

static void a_template_that_cannot_be_sent_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(bad_templates); i++) {
        struct status status;
        struct http_rule rule;
        if (parse("Request", option_of(GET, bad_templates[i].template, NULL), &rule, &status))
            fail_msg("%s was taken", bad_templates[i].template);
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_memory_equal(status.message, "the.Method: ", 12);
        if (!strstr(status.message, bad_templates[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, bad_templates[i].why);
    }
}

static void a_template_of_too_many_variables_is_refused(void **state)
{
    (void)state;
    static const char template[] =
        "/{part.id}/{part.note}/{part.owner.id}/{count}/{small}/{large}/{flag}/{single}"
        "/{real}/{data}/{colour}/{maybe}/{left}/{right}/{zigzag}/{fixed}";
    char path[sizeof template + 5];
    snprintf(path, sizeof path, "/{id}%s", template);
    for (size_t variables = 17; variables >= 16; variables--) {
        struct status status;
        struct http_rule rule;
        struct buffer option;
        buffer_init(&option, &arena, 256);
        buffer_add_char(&option, GET << 3 | 2);
        buffer_add_char(&option, (char)(strlen(path) | 0x80));
        buffer_add_char(&option, (char)(strlen(path) >> 7));
        buffer_add_text(&option, text_of(path));
        bool good = parse("Request", buffer_text(&option), &rule, &status);
        assert_int_equal(good, variables == 16);
        if (!good)
            assert_non_null(strstr(status.message, "more than 64 parts or 16 variables"));
        *strrchr(path, '/') = '\0';
    }
}

static void each_pattern_has_its_method(void **state)
{
    (void)state;
    static const struct {
        unsigned pattern;
        const char *method;
    } rows[] = {{GET, "GET"}, {PUT, "PUT"}, {POST, "POST"}, {DELETE, "DELETE"}, {PATCH, "PATCH"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct http_rule rule = parsed("Request", option_of(rows[i].pattern, "/v1/{id}", NULL));
        assert_text(rule.method, rows[i].method);
        assert_text(rule.template, "/v1/{id}");
        assert_false(rule.body_whole);
        assert_null(rule.body);
        assert_null(rule.response_body);
    }
}

static struct text custom_of(const char *kind, const char *path)
{
    struct buffer custom, option;
    buffer_init(&custom, &arena, 64);
    add_piece(&custom, 1, text_of(kind));
    add_piece(&custom, 2, text_of(path));
    buffer_init(&option, &arena, 64);
    add_piece(&option, CUSTOM, buffer_text(&custom));
    return buffer_text(&option);
}

static void a_custom_method_is_one_that_can_be_sent(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "*",       "head",  "GET /x",
                                      "G\nT", "CONNECT", "TRACE", "GET HTTP/1.1\r\nX: y"};
    struct http_rule rule = parsed("Request", custom_of("OPTIONS", "/v1"));
    assert_text(rule.method, "OPTIONS");
    for (size_t i = 0; i < array_length(bad); i++) {
        struct status status;
        if (parse("Request", custom_of(bad[i], "/v1"), &rule, &status))
            fail_msg("%s was taken", bad[i]);
        assert_non_null(strstr(status.message, "is not an HTTP method"));
    }
}

static void a_rule_is_the_same_in_one_block_and_in_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name, *template;
    } rows[] = {{"Block", "/v1/{id}"}, {"Lines", "/v2/{id}"}};
    struct schema *schema;
    struct status status;
    if (!schema_new(http.bytes, &schema, &status))
        fail_msg("%s", status.message);
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_method *method = schema_method_find(schema, text_of(rows[i].name));
        assert_text(method->http_rule.method, "HEAD");
        assert_text(method->http_rule.template, rows[i].template);
        assert_ptr_equal(method->http_rule.body, sets_field(method->request, "part"));
        assert_ptr_equal(method->http_rule.response_body, sets_field(method->response, "parts"));
    }
    schema_free(schema);
}

static void of_patterns_the_last_one_counts(void **state)
{
    (void)state;
    struct buffer option;
    buffer_init(&option, &arena, 64);
    buffer_add_text(&option, custom_of("HEAD", "/v1"));
    buffer_add_text(&option, option_of(POST, "/v2", "part"));
    struct http_rule rule = parsed("Request", buffer_text(&option));
    assert_text(rule.method, "POST");
    assert_text(rule.template, "/v2");
    struct status status;
    buffer_init(&option, &arena, 64);
    buffer_add_text(&option, custom_of("HEAD", "/v1"));
    buffer_add_text(&option, option_of(POST, "/v2", NULL));
    add_piece(&option, CUSTOM, text_literal("\x0a\x04HEAD"));
    assert_false(parse("Request", buffer_text(&option), &rule, &status));
    assert_string_equal(status.message, "the.Method: the HTTP rule has no path");
}

static void bodies_name_fields_that_are_not_in_the_path(void **state)
{
    (void)state;
    static const struct {
        const char *template, *body, *why;
    } rows[] = {
        {"/v1", "missing", "body: \"missing\" names no field of the request"},
        {"/v1", "part.id", "names no field of the request"},
        {"/v1/{id}", "id", "body: \"id\" is in the path already"},
        {"/v1/{part.id}", "part", "{part.id} is a part of the body"},
        {"/v1/{part.id}", "*", "{part.id} is a part of the body"},
        {"/v1/{part.owner.id}", "*", "{part.owner.id} is a part of the body"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct http_rule rule;
        assert_false(
            parse("Request", option_of(POST, rows[i].template, rows[i].body), &rule, &status));
        if (!strstr(status.message, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", status.message, rows[i].why);
    }
    struct http_rule rule = parsed("Request", option_of(POST, "/v1/{id}", "*"));
    assert_true(rule.body_whole);
    assert_true(http_rule_binds(&rule, sets_field(sets_type(&http, "Request"), "id")));
    assert_false(http_rule_binds(&rule, sets_field(sets_type(&http, "Request"), "name")));
}

static void a_response_body_names_a_field_of_the_response(void **state)
{
    (void)state;
    struct status status;
    struct http_rule rule;
    struct buffer option;
    buffer_init(&option, &arena, 64);
    buffer_add_text(&option, option_of(GET, "/v1", NULL));
    add_piece(&option, RESPONSE_BODY, text_literal("id"));
    assert_false(parse("Request", buffer_text(&option), &rule, &status));
    assert_non_null(strstr(status.message, "response_body: \"id\" names no field of the response"));
}

static void bytes_that_are_not_a_rule_are_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        {"", 0},                           /* nothing */
        {"\x12", 1},                       /* no length */
        {"\x12\x05/v1", 5},                /* too short */
        {"\x10\x01", 2},                   /* a number where a string belongs */
        {"\x12\x02/\xff", 4},              /* not UTF-8 */
        {"\x12\x02/a\x40\x01", 6},         /* a custom pattern that is a number */
        {"\x12\x02/a\x42\x02\x1a\x00", 8}, /* a part of it that is not known */
        {"\x12\x02/a\x6a\x00", 6},         /* a part of the rule that is not known */
    };
    for (size_t i = 0; i < array_length(bad); i++) {
        struct status status;
        struct http_rule rule = {.variable_count = 99};
        assert_false(parse("Request", bad[i], &rule, &status));
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
        assert_true(text_is_utf8(text_of(status.message)));
        assert_int_equal(rule.variable_count, 99);
    }
}

static void a_full_arena_is_reported(void **state)
{
    (void)state;
    static const char lines[] = "name=a\ncount=5\ntags=b\ndata=c";
    struct http_rule rule = parsed("Request", option_of(GET, "/v1/{count}/{name}", NULL));
    ProtobufCMessage *message = message_of("Request", lines);
    for (size_t limit = 0; limit < 256; limit += 16) {
        struct arena small;
        struct buffer path, query;
        struct status status;
        arena_init(&small, limit);
        buffer_init(&path, &small, 0);
        buffer_init(&query, &small, 0);
        if (!http_rule_expand_path(&rule, message, &path, &status))
            assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
        else
            assert_text(buffer_text(&path), "/v1/5/a");
        if (!http_rule_expand_query(&rule, sets_type(&http, "Request"), message, &query, &status))
            assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
        else
            assert_text(buffer_text(&query), "data=Yw%3D%3D&tags=b");
        arena_clear(&small);
    }
}

static int load(void **state)
{
    (void)state;
    http = sets_load("protos/http.binpb");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    sets_clear(&http);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

#define with_arena(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_arena(a_template_becomes_a_path),
        with_arena(all_but_unreserved_characters_are_encoded),
        with_arena(a_value_that_would_change_the_path_is_refused),
        with_arena(a_nul_in_a_path_is_refused),
        with_arena(fields_in_neither_path_nor_body_become_the_query),
        with_arena(a_type_inside_itself_fits_a_query),
        with_arena(fields_that_fit_no_query_are_refused_without_a_body),
        with_arena(a_template_that_cannot_be_sent_is_refused),
        with_arena(a_template_of_too_many_variables_is_refused),
        with_arena(each_pattern_has_its_method),
        with_arena(a_custom_method_is_one_that_can_be_sent),
        with_arena(a_rule_is_the_same_in_one_block_and_in_lines),
        with_arena(of_patterns_the_last_one_counts),
        with_arena(bodies_name_fields_that_are_not_in_the_path),
        with_arena(a_response_body_names_a_field_of_the_response),
        with_arena(bytes_that_are_not_a_rule_are_refused),
        with_arena(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
