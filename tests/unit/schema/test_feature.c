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

/* The tag of `features` in the options of a file, a field and an enum, the size and a feature,
 * whose wire type becomes that of bytes. */
static void features_that_cannot_be_read_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        struct text feature, broken;
        const char *message;
    } rows[] = {
        {"editions/features.binpb",
         {"\x92\x03\x04\x08\x02\x18\x02", 7},
         {"\x92\x03\x04\x08\x02\x1a\x02", 7},
         "changed.M is of a file whose features cannot be read"},
        {"editions/features.binpb",
         {"\xaa\x01\x02\x08\x02", 5},
         {"\xaa\x01\x02\x0a\x02", 5},
         "defaults.proto: test.Defaults.implicit: its features cannot be read"},
        {"refused_editions/closed_enum.binpb",
         {"\x3a\x02\x10\x02", 4},
         {"\x3a\x02\x12\x02", 4},
         "a.proto: t.R.x: the features of t.E cannot be read"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct text set = sets_read(SETS_DIR, rows[i].set);
        struct schema *schema = NULL;
        struct status status;
        sets_replace(set, rows[i].feature, rows[i].broken);
        if (schema_new(set, &schema, &status))
            fail_msg("row %zu is not refused", i);
        if (!strstr(status.message, rows[i].message))
            fail_msg("row %zu: %s", i, status.message);
        free((void *)(uintptr_t)set.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_has_its_features_or_the_defaults_of_the_edition),
        cmocka_unit_test(a_field_has_its_features_or_those_of_its_file),
        cmocka_unit_test(a_feature_or_an_edition_that_cannot_be_honoured_is_refused_with_its_place),
        cmocka_unit_test(maps_have_the_encoding_of_maps),
        cmocka_unit_test(features_that_cannot_be_read_are_refused_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
