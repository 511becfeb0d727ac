/* SPDX-License-Identifier: MIT */
/* Is each method that can be served and was asked for served, and does each other one have its
 * reason? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/recovery_option.h"
#include "sets.h"

#define MIXED "/test.partly.Mixed/"

/* A schema, by default of protos/partly.proto, with the patterns of `--serve`, separated by blanks.
 */
struct trial {
    struct text bytes;
    struct schema *schema;
    struct arena arena;
    struct status status;
    bool good;
};

static const struct text_list *list_of(const char *patterns, struct arena *arena)
{
    const struct text_list *first = NULL, **end = &first;
    struct text rest = text_of(patterns), part;
    for (bool more = rest.size > 0; more;) {
        more = text_take_part(&rest, ' ', &part);
        struct text_list *added = arena_zalloc(arena, sizeof *added);
        assert_non_null(added);
        added->text = part;
        *end = added;
        end = &added->next;
    }
    return first;
}

static struct trial serve_set(const char *set, size_t optional_files, const char *patterns)
{
    struct trial trial = {.bytes = sets_read(SETS_DIR, set)};
    arena_init(&trial.arena, 1 << 20);
    if (!schema_read(trial.bytes, optional_files, &trial.schema, &trial.status))
        fail_msg("%s", trial.status.message);
    trial.good = schema_serve(trial.schema, list_of(patterns, &trial.arena), &trial.status);
    return trial;
}

static struct trial serve(size_t optional_files, const char *patterns)
{
    return serve_set("protos/partly.binpb", optional_files, patterns);
}

/* Mounts a set beside the embedded one. */
static struct trial mount(const char *set)
{
    struct trial trial = {0};
    char path[4096];
    assert_true(snprintf(path, sizeof path, "%s/%s", SETS_DIR, set) < (int)sizeof path);
    arena_init(&trial.arena, 1 << 20);
    if (!schema_open(path, &trial.arena, &trial.schema, &trial.status))
        fail_msg("%s", trial.status.message);
    trial.good = schema_serve(trial.schema, NULL, &trial.status);
    return trial;
}

static void end(struct trial *trial)
{
    schema_free(trial->schema);
    arena_clear(&trial->arena);
    free((void *)(uintptr_t)trial->bytes.data);
}

static void expect_served(const struct schema *schema, const char *const paths[], size_t count)
{
    size_t served;
    const struct schema_method *methods = schema_methods(schema, &served);
    assert_int_equal(served, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(methods[i].path, paths[i]);
}

static void a_method_that_cannot_be_served_leaves_the_others_served(void **state)
{
    (void)state;
    static const char *const paths[] = {MIXED "Good", MIXED "Create", MIXED "List",
                                        "/test.partly.Other/Good"};
    struct trial trial = serve(SIZE_MAX, "");
    assert_true(trial.good);
    expect_served(trial.schema, paths, array_length(paths));
    end(&trial);
}

static void each_method_that_is_not_served_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *path, *reason;
        enum unserved_cause cause;
    } rows[] = {
        {MIXED "WithoutRule", "it has no google.api.http option", UNSERVED_WITHOUT_RULE},
        {MIXED "Watch", "partly.proto: test.partly.Mixed.Watch: streaming", UNSERVED_UNFIT},
        {MIXED "Deep", "partly.proto: test.partly.Inner.payload: google.protobuf.Any",
         UNSERVED_UNFIT},
        {MIXED "Proto2", "partly.proto: test.partly.Described.options: google.protobuf.Field",
         UNSERVED_UNFIT},
        {MIXED "NoField",
         "partly.proto: test.partly.Mixed.NoField: path \"/v1/{missing}\": {missing} names",
         UNSERVED_UNFIT},
        {MIXED "Same", "GET /v1/things/{*}, is that of test.partly.Mixed.Good", UNSERVED_UNFIT},
        {MIXED "BadLookup", "recovery: there is no other method \"Watch\"", UNSERVED_UNFIT},
        {"/test.partly.Bad/Any", "partly.proto: test.partly.Bad.Any: google.protobuf.Any",
         UNSERVED_UNFIT},
    };
    struct trial trial = serve(SIZE_MAX, "");
    size_t count;
    const struct schema_unserved *unserved = schema_unserved(trial.schema, &count);
    assert_int_equal(count, array_length(rows));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(unserved[i].path, rows[i].path);
        assert_int_equal(unserved[i].cause, rows[i].cause);
        if (!strstr(unserved[i].reason, rows[i].reason))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].path, unserved[i].reason,
                     rows[i].reason);
        assert_ptr_equal(schema_unserved_reason(trial.schema, text_of(rows[i].path)),
                         unserved[i].reason);
    }
    end(&trial);
}

static void a_method_that_is_served_or_not_declared_has_no_reason(void **state)
{
    (void)state;
    static const char *const paths[] = {MIXED "Good", MIXED "Missing", "test.partly.Mixed/Watch",
                                        "/", ""};
    struct trial trial = serve(SIZE_MAX, "");
    for (size_t i = 0; i < array_length(paths); i++)
        assert_null(schema_unserved_reason(trial.schema, text_of(paths[i])));
    end(&trial);
}

static void a_service_without_a_served_method_is_not_listed(void **state)
{
    (void)state;
    struct trial trial = serve(SIZE_MAX, "");
    size_t count;
    const struct text *services = schema_services(trial.schema, &count);
    assert_int_equal(count, 2);
    assert_true(text_equal(services[0], text_literal("test.partly.Mixed")));
    assert_true(text_equal(services[1], text_literal("test.partly.Other")));
    end(&trial);
}

static void a_pattern_restricts_what_is_served_to_a_method_or_a_service(void **state)
{
    (void)state;
    static const char *const paths[] = {MIXED "Good", "/test.partly.Other/Good"};
    struct trial trial = serve(SIZE_MAX, "test.partly.Other/* test.partly.Mixed/Good");
    assert_true(trial.good);
    expect_served(trial.schema, paths, array_length(paths));
    assert_string_equal(schema_unserved_reason(trial.schema, text_literal(MIXED "List")),
                        "no pattern of --serve matches it");
    assert_string_equal(schema_unserved_reason(trial.schema, text_literal(MIXED "Watch")),
                        "no pattern of --serve matches it");
    assert_null(schema_method_find(trial.schema, text_literal(MIXED "List")));
    end(&trial);
}

static void a_look_up_works_although_its_method_is_not_served(void **state)
{
    (void)state;
    struct trial trial = serve(SIZE_MAX, "test.partly.Mixed/Create");
    assert_true(trial.good);
    const struct schema_method *create =
        schema_method_find(trial.schema, text_literal(MIXED "Create"));
    assert_string_equal(create->recovery->lookup->path, MIXED "List");
    assert_null(schema_method_find(trial.schema, text_literal(MIXED "List")));
    end(&trial);
}

/* With --serve the operator relies on these methods. */
static void a_start_that_could_not_serve_what_was_asked_for_fails(void **state)
{
    (void)state;
    static const struct {
        const char *patterns, *message;
    } rows[] = {
        {"test.partly.Mixed/*", "test.partly.Mixed/WithoutRule: it has no google.api.http option"},
        {"test.partly.Mixed/Watch", "test.partly.Mixed.Watch: streaming"},
        {"test.partly.Mixed/Good test.partly.Bad/*", "test.partly.Bad.Any: google.protobuf.Any"},
        {"test.partly.Mixed/Good test.partly.Mixed/Same", "is that of test.partly.Mixed.Good"},
        {"test.partly.Mixed/Good test.partly.Mixed/Goo",
         "--serve=test.partly.Mixed/Goo matches no"},
        {"test.partly.Mix/*", "--serve=test.partly.Mix/* matches no method"},
        {"test.partly/*", "--serve=test.partly/* matches no method"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct trial trial = serve(SIZE_MAX, rows[i].patterns);
        assert_false(trial.good);
        assert_int_equal(trial.status.code, STATUS_INVALID_ARGUMENT);
        if (!strstr(trial.status.message, rows[i].message))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].patterns, trial.status.message,
                     rows[i].message);
        end(&trial);
    }
}

/* Same is the second method with its request only when Good is served too. */
static void a_second_method_with_one_request_is_served_without_the_first(void **state)
{
    (void)state;
    static const char *const paths[] = {MIXED "Same"};
    struct trial trial = serve(SIZE_MAX, "test.partly.Mixed/Same");
    assert_true(trial.good);
    expect_served(trial.schema, paths, 1);
    end(&trial);
}

static void a_method_of_a_file_that_is_not_optional_must_be_servable(void **state)
{
    (void)state;
    struct trial trial = serve(0, "");
    assert_false(trial.good);
    assert_non_null(strstr(trial.status.message, "Mixed.Watch: streaming"));
    end(&trial);
}

static void expect_reason(const struct trial *trial, const char *path, const char *wanted)
{
    const char *reason = schema_unserved_reason(trial->schema, text_of(path));
    if (!reason || !strstr(reason, wanted))
        fail_msg("%s: \"%s\" does not say \"%s\"", path, reason ? reason : "served", wanted);
}

static void a_mounted_method_with_the_request_of_an_embedded_one_is_left_out(void **state)
{
    (void)state;
    struct trial trial = mount("protos/mounted.binpb");
    if (!trial.good)
        fail_msg("%s", trial.status.message);
    expect_reason(&trial, "/test.mounted.Groups/List",
                  "is that of huaweicloud.apig.v2.ApiGroupService.ListApiGroups");
    assert_non_null(schema_method_find(trial.schema, text_literal("ListApiGroups")));
    assert_non_null(schema_method_find(trial.schema, text_literal("test.mounted.Groups/Other")));
    end(&trial);
}

static void a_look_up_whose_json_style_cannot_be_read_cannot_be_sent(void **state)
{
    (void)state;
    struct trial trial = serve_set("protos/looking_up.binpb", SIZE_MAX, "");
    assert_true(trial.good);
    expect_reason(&trial, "/test.unreadable.Things/List",
                  "unreadable.proto: test.unreadable.Things.List: the apig_sidecar.json option "
                  "cannot be read");
    expect_reason(&trial, "/test.looking_up.Things/Create",
                  "recovery: there is no other method \"test.unreadable.Things/List\"");
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_that_cannot_be_served_leaves_the_others_served),
        cmocka_unit_test(each_method_that_is_not_served_has_its_reason),
        cmocka_unit_test(a_method_that_is_served_or_not_declared_has_no_reason),
        cmocka_unit_test(a_service_without_a_served_method_is_not_listed),
        cmocka_unit_test(a_pattern_restricts_what_is_served_to_a_method_or_a_service),
        cmocka_unit_test(a_look_up_works_although_its_method_is_not_served),
        cmocka_unit_test(a_start_that_could_not_serve_what_was_asked_for_fails),
        cmocka_unit_test(a_second_method_with_one_request_is_served_without_the_first),
        cmocka_unit_test(a_method_of_a_file_that_is_not_optional_must_be_servable),
        cmocka_unit_test(a_mounted_method_with_the_request_of_an_embedded_one_is_left_out),
        cmocka_unit_test(a_look_up_whose_json_style_cannot_be_read_cannot_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
