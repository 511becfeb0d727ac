/* SPDX-License-Identifier: MIT */
#include "schema/schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "refusals.h"

/* protos/served.proto, as a program would serve it. */
static struct sets served;

static struct schema *embedded(void)
{
    struct schema *schema;
    struct status status;
    if (!schema_new(schema_embedded(), &schema, &status))
        fail_msg("%s", status.message);
    return schema;
}

static void the_embedded_set_serves_api_groups(void **state)
{
    (void)state;
    struct schema *schema = embedded();
    size_t count;
    const struct schema_method *method = schema_methods(schema, &count);
    assert_true(count > 2);
    assert_string_equal(method[1].path, "/huaweicloud.apig.v2.ApiGroupService/ListApiGroups");
    assert_string_equal(method->path, "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup");
    assert_true(text_equal(method->readable_name, text_literal("create API group")));
    assert_true(text_equal(method->http_rule.method, text_literal("POST")));
    assert_true(text_equal(method->request->full_name,
                           text_literal("huaweicloud.apig.v2.CreateApiGroupRequest")));
    assert_true(
        text_equal(method->response->full_name, text_literal("huaweicloud.apig.v2.ApiGroup")));
    schema_free(schema);
}

static void field_numbers_of_the_embedded_set_never_change(void **state)
{
    (void)state;
    static const char *const names[] = {"project_id", "instance_id", "name",
                                        "remark",     "roma_app_id", "version"};
    struct schema *schema = embedded();
    const struct schema_method *method = schema_method_find(schema, text_literal("CreateApiGroup"));
    assert_int_equal(method->request->field_count, array_length(names));
    for (uint32_t i = 0; i < array_length(names); i++)
        assert_int_equal(sets_field(method->request, names[i])->number, i + 1);
    schema_free(schema);
}

static void methods_with_an_http_rule_are_served_and_no_others(void **state)
{
    (void)state;
    static const char *const paths[] = {"/test.served.First/Get",
                                        "/test.served.First/Shared",
                                        "/test.served.Second/Shared",
                                        "/test.served.Second/Several",
                                        "/test.served.Second/Mixed",
                                        "/test.served.Second/Replace",
                                        "/test.served.Second/ReplaceWithoutSaying",
                                        "/test.served.Second/Remove"};
    size_t count;
    const struct schema_method *methods = schema_methods(served.schema, &count);
    assert_int_equal(count, array_length(paths));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(methods[i].path, paths[i]);
}

static void the_idempotency_is_the_options_and_a_get_only_reads(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum idempotency idempotency;
        bool removes;
    } rows[] = {{"test.served.First/Get", NO_SIDE_EFFECTS, false},
                {"test.served.First/Shared", NOT_IDEMPOTENT, false},
                {"test.served.Second/Shared", NO_SIDE_EFFECTS, false},
                {"test.served.Second/Several", NO_SIDE_EFFECTS, false},
                {"test.served.Second/Mixed", NOT_IDEMPOTENT, false},
                {"test.served.Second/Replace", IDEMPOTENT, false},
                {"test.served.Second/ReplaceWithoutSaying", NOT_IDEMPOTENT, false},
                {"test.served.Second/Remove", IDEMPOTENT, true}};
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_method *method =
            schema_method_find(served.schema, text_of(rows[i].path));
        assert_int_equal(method->idempotency, rows[i].idempotency);
        assert_int_equal(method->removes, rows[i].removes);
    }
}

static void both_spellings_of_the_http_option_are_read(void **state)
{
    (void)state;
    const struct schema_method *whole =
        schema_method_find(served.schema, text_literal("test.served.First/Shared"));
    assert_true(text_equal(whole->http_rule.template, text_literal("/v1/first")));
    assert_true(whole->http_rule.body_whole);
    const struct schema_method *lines =
        schema_method_find(served.schema, text_literal("test.served.Second/Shared"));
    assert_true(text_equal(lines->http_rule.template, text_literal("/v1/second")));
    assert_ptr_equal(lines->http_rule.body, sets_field(lines->request, "part"));
}

static void a_method_has_all_bindings_as_they_are_declared(void **state)
{
    (void)state;
    const struct schema_method *method = schema_method_find(served.schema, text_literal("Mixed"));
    const struct http_rule *rule = &method->http_rule;
    assert_true(text_equal(rule->template, text_literal("/v1/mixed/{id=a/*}")));
    assert_int_equal(rule->additional_count, 2);
    assert_true(
        text_equal(rule->additional[0].template, text_literal("/v1/mixed/parts/{part.name}")));
    assert_true(text_equal(rule->additional[1].method, text_literal("POST")));
    assert_true(rule->additional[1].body_whole);
    method = schema_method_find(served.schema, text_literal("Get"));
    assert_int_equal(method->http_rule.additional_count, 0);
}

static void a_method_is_found_by_path_and_by_a_name_of_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *name, *path;
    } wanted[] = {
        {"/test.served.First/Get", "/test.served.First/Get"},
        {"test.served.First/Get", "/test.served.First/Get"},
        {"Get", "/test.served.First/Get"},
        {"test.served.Second/Shared", "/test.served.Second/Shared"},
        {"Shared", NULL}, /* two services have one */
        {"WithoutRule", NULL},
        {"/test.served.First/WithoutRule", NULL},
        {"/Get", NULL},
        {"/", NULL},
        {"", NULL},
        {"get", NULL},
    };
    for (size_t i = 0; i < array_length(wanted); i++) {
        const struct schema_method *method =
            schema_method_find(served.schema, text_of(wanted[i].name));
        if (!wanted[i].path)
            assert_null(method);
        else
            assert_string_equal(method->path, wanted[i].path);
    }
}

static void services_with_a_served_method_are_listed_once(void **state)
{
    (void)state;
    size_t count;
    const struct text *services = schema_services(served.schema, &count);
    assert_int_equal(count, 2);
    assert_true(text_equal(services[0], text_literal("test.served.First")));
    assert_true(text_equal(services[1], text_literal("test.served.Second")));
}

static void reflection_finds_the_file_of_every_kind_of_symbol(void **state)
{
    (void)state;
    static const char *const symbols[] = {
        "test.served.First",
        "test.served.First.Get",
        "test.served.NotServed",
        "test.served.First.WithoutRule",
        "test.served.Request",
        "test.served.Request.id",
        "test.served.Answer.choice",
        "test.served.Answer.Inner",
        "test.served.Answer.Inner.Kind",
        "test.served.Answer.Inner.KIND_UNSPECIFIED",
        "test.served.NotReached",
    };
    for (size_t i = 0; i < array_length(symbols); i++) {
        const struct schema_file *file = schema_file_by_symbol(served.schema, text_of(symbols[i]));
        if (!file)
            fail_msg("no file has %s", symbols[i]);
        assert_true(text_equal(file->name, text_literal("served.proto")));
    }
    const struct schema_file *http =
        schema_file_by_symbol(served.schema, text_literal("google.api.http"));
    assert_true(text_equal(http->name, text_literal("google/api/annotations.proto")));
}

static void reflection_finds_nothing_else(void **state)
{
    (void)state;
    static const char *const symbols[] = {"",
                                          "test",
                                          "test.served",
                                          ".test.served.First",
                                          "test.served.First.",
                                          "test.served.Missing"};
    for (size_t i = 0; i < array_length(symbols); i++)
        assert_null(schema_file_by_symbol(served.schema, text_of(symbols[i])));
    assert_null(schema_file_by_name(served.schema, text_literal("missing.proto")));
    assert_null(schema_file_by_name(served.schema, text_literal("")));
}

static void a_file_has_its_bytes_and_its_imports(void **state)
{
    (void)state;
    const struct schema_file *file =
        schema_file_by_name(served.schema, text_literal("served.proto"));
    assert_int_equal(file->import_count, 1);
    assert_true(text_equal(file->imports[0], text_literal("google/api/annotations.proto")));
    assert_non_null(schema_file_by_name(served.schema, file->imports[0]));
    /* Field 1 of a FileDescriptorProto is its name. */
    assert_memory_equal(file->bytes.data, "\x0a\x0cserved.proto", 14);
}

static void only_types_that_served_methods_reach_are_built(void **state)
{
    (void)state;
    assert_non_null(message_type(served.schema, text_literal("test.served.Answer.Inner")));
    assert_null(message_type(served.schema, text_literal("test.served.NotReached")));
    assert_null(message_type(served.schema, text_literal("test.served.First")));
    assert_null(message_type(served.schema, text_literal("google.api.HttpRule")));
}

static void an_option_that_cannot_be_honoured_is_refused_with_its_place(void **state)
{
    (void)state;
    refusals_check("refused", 30, schema_new);
}

/* A newer descriptor.proto may have more levels. */
static void an_idempotency_level_that_is_not_known_is_refused(void **state)
{
    (void)state;
    struct text set = sets_read(SETS_DIR, "protos/served.binpb");
    struct schema *schema = NULL;
    struct status status;
    sets_replace(set, text_literal("\x90\x02\x02"), text_literal("\x90\x02\x03"));
    assert_false(schema_new(set, &schema, &status));
    assert_non_null(strstr(status.message, "served.proto: test.served.Second.Replace: "
                                           "idempotency_level 3 is not known"));
    free((void *)(uintptr_t)set.data);
}

static void bytes_that_are_not_a_set_are_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        {NULL, 0},
        {"x", 1},
        {"\x0a\x05zz", 4},
        {"\x12\x00", 2},
        {"\x0a\x00", 2},
        {"\x0a\x02\x0a\xff", 4},
        {"\x0a\x03\x0a\x01\xff", 5},
    };
    for (size_t i = 0; i < array_length(bad); i++) {
        struct schema *schema = NULL;
        struct status status;
        assert_false(schema_new(bad[i], &schema, &status));
        assert_null(schema);
        assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    }
}

/* A type in a type in a type: reading that set must not use up the stack. */
static void types_nested_without_end_are_refused(void **state)
{
    (void)state;
    enum { LEVELS = 20000, ROOM = LEVELS * 6 };
    char *room = malloc(ROOM);
    assert_non_null(room);
    char *end = room + ROOM, *at = end;
    for (size_t i = 0; i < LEVELS; i++) {
        size_t inside = (size_t)(end - at);
        *--at = (char)(inside >> 14);
        *--at = (char)((inside >> 7 & 0x7f) | 0x80);
        *--at = (char)((inside & 0x7f) | 0x80);
        *--at = i + 1 == LEVELS ? 0x0a : i + 2 == LEVELS ? 0x22 : 0x1a;
    }
    struct schema *schema = NULL;
    struct status status;
    assert_false(schema_new((struct text){at, (size_t)(end - at)}, &schema, &status));
    assert_non_null(strstr(status.message, "is not a FileDescriptorProto"));
    free(room);
}

static void every_beginning_of_a_set_is_refused_or_built(void **state)
{
    (void)state;
    for (size_t part = 0; part < served.bytes.size; part += 7) {
        char *copy = malloc(part + 1); /* so that reading past its end is seen */
        assert_non_null(copy);
        memcpy(copy, served.bytes.data, part);
        struct schema *schema = NULL;
        struct status status;
        if (schema_new((struct text){copy, part}, &schema, &status))
            schema_free(schema);
        free(copy);
    }
}

static void no_schema_can_be_freed(void **state)
{
    (void)state;
    schema_free(NULL);
}

static int load(void **state)
{
    (void)state;
    struct status status;
    served.bytes = sets_read(SETS_DIR, "protos/served.binpb");
    if (!schema_new(served.bytes, &served.schema, &status))
        fail_msg("%s", status.message);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    sets_clear(&served);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_embedded_set_serves_api_groups),
        cmocka_unit_test(field_numbers_of_the_embedded_set_never_change),
        cmocka_unit_test(methods_with_an_http_rule_are_served_and_no_others),
        cmocka_unit_test(the_idempotency_is_the_options_and_a_get_only_reads),
        cmocka_unit_test(both_spellings_of_the_http_option_are_read),
        cmocka_unit_test(a_method_has_all_bindings_as_they_are_declared),
        cmocka_unit_test(a_method_is_found_by_path_and_by_a_name_of_its_own),
        cmocka_unit_test(services_with_a_served_method_are_listed_once),
        cmocka_unit_test(reflection_finds_the_file_of_every_kind_of_symbol),
        cmocka_unit_test(reflection_finds_nothing_else),
        cmocka_unit_test(a_file_has_its_bytes_and_its_imports),
        cmocka_unit_test(only_types_that_served_methods_reach_are_built),
        cmocka_unit_test(an_option_that_cannot_be_honoured_is_refused_with_its_place),
        cmocka_unit_test(an_idempotency_level_that_is_not_known_is_refused),
        cmocka_unit_test(bytes_that_are_not_a_set_are_refused),
        cmocka_unit_test(types_nested_without_end_are_refused),
        cmocka_unit_test(every_beginning_of_a_set_is_refused_or_built),
        cmocka_unit_test(no_schema_can_be_freed),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
