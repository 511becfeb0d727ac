/* SPDX-License-Identifier: MIT */
/* Do the sidecar's options fill the fields that the .proto names, and is the rest refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "constraint/attach.h"
#include "constraint/validate.h"
#include "refusals.h"
#include "rest/fill.h"

struct values {
    const char *project, *instance;
};

static bool find(const void *context, struct text option, const char **value)
{
    const struct values *values = context;
    bool is_project = text_equal(option, text_literal("project-id"));
    *value = is_project ? values->project : values->instance;
    return is_project || text_equal(option, text_literal("instance-id"));
}

/* A request in memory, and the schema of its type. */
struct trial {
    struct sets sets;
    struct arena arena;
    const struct schema_message *type;
    ProtobufCMessage *request;
};

static void begin(struct trial *trial, const struct values *values)
{
    struct status status;
    const struct fill_source source = {find, values};
    trial->sets.bytes = sets_read(SETS_DIR, "protos/filled.binpb");
    arena_init(&trial->arena, 1 << 20);
    assert_true(schema_read(trial->sets.bytes, 0, &trial->sets.schema, &status));
    constraint_attach(trial->sets.schema);
    fill_attach(trial->sets.schema, &source);
    if (!schema_serve(trial->sets.schema, NULL, &status))
        fail_msg("%s", status.message);
    trial->type = schema_method_find(trial->sets.schema, text_literal("Get"))->request;
    trial->request = schema_message_new(trial->type, &trial->arena);
    assert_non_null(trial->request);
}

static void end(struct trial *trial)
{
    arena_clear(&trial->arena);
    sets_clear(&trial->sets);
}

static void set(struct trial *trial, const char *name, const char *value)
{
    const struct schema_field *field = schema_field_by_name(trial->type, text_of(name));
    ProtobufCBinaryData *text = schema_value(trial->request, field);
    *text = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
    schema_field_mark_present(trial->request, field);
}

static void expect(const struct trial *trial, const char *name, const char *value)
{
    const struct schema_field *field = schema_field_by_name(trial->type, text_of(name));
    const ProtobufCBinaryData *text = schema_value(trial->request, field);
    assert_true(schema_field_present(trial->request, field) == (value[0] != '\0'));
    assert_true(text_equal((struct text){(const char *)text->data, text->len}, text_of(value)));
}

static void an_absent_field_and_an_empty_one_get_the_options_value(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &(struct values){"p", "i"});
    set(&trial, "project", "");
    fill_message(trial.type, trial.request);
    expect(&trial, "project", "p");
    expect(&trial, "instance", "i");
    expect(&trial, "own", "");
    end(&trial);
}

static void a_value_of_the_caller_is_kept(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &(struct values){"p", "i"});
    set(&trial, "project", "other");
    set(&trial, "instance", "another");
    fill_message(trial.type, trial.request);
    expect(&trial, "project", "other");
    expect(&trial, "instance", "another");
    end(&trial);
}

static void a_field_that_stays_empty_is_refused_and_the_message_names_the_option(void **state)
{
    (void)state;
    struct trial trial;
    struct violations violations;
    struct status status;
    begin(&trial, &(struct values){NULL, NULL});
    set(&trial, "instance", "");
    fill_message(trial.type, trial.request);
    assert_false(validate(trial.type, trial.request, &trial.arena, &violations, &status));
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_int_equal(violations.count, 2);
    assert_true(text_equal(violations.list[0].field, text_literal("project")));
    assert_true(text_equal(violations.list[0].rule_id, text_literal("required")));
    assert_non_null(
        strstr(status.message, "project: must be set, by the caller or with --project-id"));
    assert_non_null(
        strstr(status.message, "instance: must be set, by the caller or with --instance-id"));
    end(&trial);
}

static bool build(struct text set, struct schema **schema, struct status *status)
{
    struct schema *built;
    const struct values values = {NULL, NULL};
    const struct fill_source source = {find, &values};
    if (!schema_read(set, 0, &built, status))
        return false;
    fill_attach(built, &source);
    if (schema_serve(built, NULL, status)) {
        *schema = built;
        return true;
    }
    schema_free(built);
    return false;
}

static void a_field_that_could_not_be_filled_is_refused_with_its_place(void **state)
{
    (void)state;
    refusals_check("refused_fillings", 4, build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absent_field_and_an_empty_one_get_the_options_value),
        cmocka_unit_test(a_value_of_the_caller_is_kept),
        cmocka_unit_test(a_field_that_stays_empty_is_refused_and_the_message_names_the_option),
        cmocka_unit_test(a_field_that_could_not_be_filled_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
