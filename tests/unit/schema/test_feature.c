/* SPDX-License-Identifier: MIT */
/* Are the files of an edition read with the features that they, their fields and enums have? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "refusals.h"

struct expected_field {
    const char *name;
    enum field_shape shape;
    bool packed;
};

static void expect_fields(const char *method, const struct expected_field *rows, size_t count)
{
    struct schema *schema = NULL;
    struct status status;
    struct text bytes = sets_read(SETS_DIR, "editions/features.binpb");
    if (!schema_new(bytes, &schema, &status))
        fail_msg("%s", status.message);
    const struct schema_message *type = schema_method_find(schema, text_of(method))->request;
    assert_int_equal(type->field_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct schema_field *field = sets_field(type, rows[i].name);
        if (field->shape != rows[i].shape || field->packed != rows[i].packed)
            fail_msg("%s: shape %d, packed %d", rows[i].name, field->shape, field->packed);
    }
    schema_free(schema);
    free((void *)(uintptr_t)bytes.data);
}

static void a_field_has_its_features_or_the_defaults_of_the_edition(void **state)
{
    (void)state;
    static const struct expected_field rows[] = {
        {"explicit", FIELD_OPTIONAL, false},  {"implicit", FIELD_SINGULAR, false},
        {"packed", FIELD_REPEATED, true},     {"expanded", FIELD_REPEATED, false},
        {"unchecked", FIELD_OPTIONAL, false}, {"kind", FIELD_OPTIONAL, false},
        {"part", FIELD_SINGULAR, false},      {"member", FIELD_ONEOF, false},
        {"entries", FIELD_MAP, false},
    };
    expect_fields("test.S/Do", rows, array_length(rows));
}

static void a_field_has_its_features_or_those_of_its_file(void **state)
{
    (void)state;
    static const struct expected_field rows[] = {
        {"implicit", FIELD_SINGULAR, false},
        {"explicit", FIELD_OPTIONAL, false},
        {"expanded", FIELD_REPEATED, false},
        {"packed", FIELD_REPEATED, true},
    };
    expect_fields("changed.S/Do", rows, array_length(rows));
}

static void a_feature_or_an_edition_that_cannot_be_honoured_is_refused_with_its_place(void **state)
{
    (void)state;
    refusals_check("refused_editions", 5, schema_new);
}

/* Maps are never delimited, also where the file says that its messages are. */
static void maps_have_the_encoding_of_maps(void **state)
{
    (void)state;
    static const struct expected_field rows[] = {
        {"texts", FIELD_MAP, false},
        {"messages", FIELD_MAP, false},
        {"part", FIELD_SINGULAR, false},
    };
    expect_fields("delimited.S/Do", rows, array_length(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_has_its_features_or_the_defaults_of_the_edition),
        cmocka_unit_test(a_field_has_its_features_or_those_of_its_file),
        cmocka_unit_test(a_feature_or_an_edition_that_cannot_be_honoured_is_refused_with_its_place),
        cmocka_unit_test(maps_have_the_encoding_of_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
