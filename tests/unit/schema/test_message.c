/* SPDX-License-Identifier: MIT */
#include "schema/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "schema/wire.h"
#include "sets.h"

static struct sets sets;

static void fields_stand_as_they_are_declared(void **state)
{
    (void)state;
    static const char *const names[] = {"largest", "one", "thousand", "two"};
    const struct schema_message *sparse = sets_type(&sets, "Sparse");
    assert_int_equal(sparse->field_count, array_length(names));
    for (size_t i = 0; i < array_length(names); i++)
        assert_true(text_equal(sparse->fields[i].name, text_of(names[i])));
}

static const struct schema_field *field_by_json_name(const struct schema_message *type,
                                                     struct text name)
{
    const struct schema_field_name *found = schema_find_json_name(type, name);
    return found ? found->field : NULL;
}

static void every_field_is_found_by_its_names_and_number(void **state)
{
    (void)state;
    static const char *const types[] = {"Scalars", "Optionals", "Repeateds",  "Choice", "Maps",
                                        "Sparse",  "WellKnown", "Everything", "Renamed"};
    for (size_t i = 0; i < array_length(types); i++) {
        const struct schema_message *type = sets_type(&sets, types[i]);
        for (size_t f = 0; f < type->field_count; f++) {
            const struct schema_field *field = &type->fields[f];
            const struct text names[] = {field->name, schema_json_name(field, JSON_NAMES_PROTO),
                                         schema_json_name(field, JSON_NAMES_JSON)};
            assert_ptr_equal(schema_field_by_name(type, field->name), field);
            for (size_t n = 0; n < array_length(names); n++)
                assert_ptr_equal(field_by_json_name(type, names[n]), field);
            assert_ptr_equal(schema_field_by_number(type, field->number), field);
        }
    }
}

static void a_name_that_no_field_has_is_not_found(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&sets, "Scalars");
    static const char *const names[] = {"", "a", "aString", "a_strin", "a_string_", "zzzzzzzz"};
    for (size_t i = 0; i < array_length(names); i++)
        assert_null(schema_field_by_name(type, text_of(names[i])));
    static const uint32_t numbers[] = {0, 17, 1000, UINT32_MAX};
    for (size_t i = 0; i < array_length(numbers); i++)
        assert_null(schema_field_by_number(type, numbers[i]));
    assert_null(schema_field_by_number(sets_type(&sets, "Sparse"), 3));
    assert_null(schema_field_by_number(sets_type(&sets, "Empty"), 1));
    assert_null(field_by_json_name(type, text_literal("aDoubl")));
    assert_null(field_by_json_name(sets_type(&sets, "Empty"), text_literal("a")));
}

static void json_names_are_those_of_the_proto_unless_one_is_declared(void **state)
{
    (void)state;
    static const struct {
        const char *field, *camel, *in_proto_names, *in_json_names;
    } rows[] = {
        {"a_string", "aString", "a_string", "aString"},
        {"colour", "colour", "color", "color"},
        {"flavor_ref", "flavorRef", "flavor-Ref", "flavor-Ref"},
        {"_old__name2", "OldName2", "_old__name2", "OldName2"},
        {"plain", "plain", "plain", "plain"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_field *field =
            sets_field(sets_type(&sets, i < 2 ? "Scalars" : "Renamed"), rows[i].field);
        const struct text proto = schema_json_name(field, JSON_NAMES_PROTO),
                          json = schema_json_name(field, JSON_NAMES_JSON);
        assert_true(text_equal(field->camel_name, text_of(rows[i].camel)));
        assert_true(text_equal(proto, text_of(rows[i].in_proto_names)));
        assert_true(text_equal(json, text_of(rows[i].in_json_names)));
    }
    assert_null(schema_field_by_name(sets_type(&sets, "Scalars"), text_literal("color")));
}

/* Both have a json_name of their own, so that their common lowerCamelCase belongs to neither. */
static void a_camel_name_of_two_fields_is_the_name_of_none(void **state)
{
    (void)state;
    struct sets alike = {.bytes = sets_read(SETS_DIR, "protos/alike.binpb")};
    struct status status;
    sets_replace(alike.bytes, text_literal("foo_bar1"), text_literal("foo__bar"));
    assert_true(schema_new_types(alike.bytes, &alike.schema, &status));
    const struct schema_message *type =
        message_type(alike.schema, text_literal("test.alike.Alike"));
    assert_non_null(type);
    assert_null(field_by_json_name(type, text_literal("fooBar")));
    assert_ptr_equal(field_by_json_name(type, text_literal("a")), sets_field(type, "foo_bar"));
    assert_ptr_equal(field_by_json_name(type, text_literal("b")), sets_field(type, "foo__bar"));
    assert_ptr_equal(field_by_json_name(type, text_literal("fooBaz")), sets_field(type, "foo_baz"));
    sets_clear(&alike);
}

static void
a_json_name_that_is_the_default_counts_where_the_set_says_that_it_was_written(void **state)
{
    (void)state;
    struct sets named = sets_load("with_source/named.binpb");
    static const struct {
        const char *type, *field, *in_proto_names;
    } rows[] = {
        {"Named", "flavor_ref", "flavorRef"},
        {"Named", "image_ref", "image_ref"},
        {"Named", "id", "ID"},
        {"Named.Inner", "disk_size", "disk_size"},
        {"Named.Inner", "disk_type", "diskType"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_field *field =
            sets_field(sets_type(&named, rows[i].type), rows[i].field);
        assert_true(
            text_equal(schema_json_name(field, JSON_NAMES_PROTO), text_of(rows[i].in_proto_names)));
    }
    sets_clear(&named);
}

static void shapes_follow_the_declaration(void **state)
{
    (void)state;
    static const struct {
        const char *type, *field;
        enum field_shape shape;
        enum field_type field_type;
    } wanted[] = {
        {"Scalars", "a_string", FIELD_SINGULAR, FIELD_STRING},
        {"Scalars", "colour", FIELD_SINGULAR, FIELD_ENUM},
        {"Optionals", "a_string", FIELD_OPTIONAL, FIELD_STRING},
        {"Optionals", "scalars", FIELD_SINGULAR, FIELD_MESSAGE},
        {"Repeateds", "int32s", FIELD_REPEATED, FIELD_INT32},
        {"Choice", "before", FIELD_SINGULAR, FIELD_STRING},
        {"Choice", "scalars", FIELD_ONEOF, FIELD_MESSAGE},
        {"Maps", "texts", FIELD_MAP, FIELD_MESSAGE},
        {"Node", "children", FIELD_REPEATED, FIELD_MESSAGE},
    };
    for (size_t i = 0; i < array_length(wanted); i++) {
        const struct schema_field *field =
            sets_field(sets_type(&sets, wanted[i].type), wanted[i].field);
        assert_int_equal(field->shape, wanted[i].shape);
        assert_int_equal(field->type, wanted[i].field_type);
    }
}

static void only_real_oneofs_have_a_name(void **state)
{
    (void)state;
    const struct schema_message *choice = sets_type(&sets, "Choice");
    assert_true(text_equal(sets_field(choice, "text")->oneof, text_literal("choice")));
    assert_true(text_equal(sets_field(choice, "no")->oneof, text_literal("other")));
    assert_int_equal(sets_field(choice, "before")->oneof.size, 0);
    assert_int_equal(sets_field(sets_type(&sets, "Optionals"), "a_bool")->oneof.size, 0);
}

static void a_type_can_hold_itself(void **state)
{
    (void)state;
    const struct schema_message *node = sets_type(&sets, "Node");
    assert_ptr_equal(sets_field(node, "left")->message, node);
    assert_ptr_equal(sets_field(node, "children")->message, node);
}

static void enums_keep_aliases_and_negative_numbers(void **state)
{
    (void)state;
    const struct schema_enum *colour =
        sets_field(sets_type(&sets, "Scalars"), "colour")->enumeration;
    assert_true(text_equal(colour->full_name, text_literal("test.types.Colour")));
    assert_int_equal(colour->value_count, 4);
    assert_true(text_equal(colour->values[1].name, text_literal("COLOUR_RED")));
    assert_int_equal(colour->values[2].number, 1);
    assert_int_equal(colour->values[3].number, -1);
    assert_false(colour->is_null_value);
}

static void well_known_types_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        enum well_known well_known;
    } wanted[] = {
        {"timestamp", WELL_KNOWN_TIMESTAMP}, {"duration", WELL_KNOWN_DURATION},
        {"object", WELL_KNOWN_STRUCT},       {"value", WELL_KNOWN_VALUE},
        {"list", WELL_KNOWN_LIST_VALUE},     {"mask", WELL_KNOWN_FIELD_MASK},
        {"wrapped", WELL_KNOWN_WRAPPER},
    };
    const struct schema_message *type = sets_type(&sets, "WellKnown");
    for (size_t i = 0; i < array_length(wanted); i++)
        assert_int_equal(sets_field(type, wanted[i].field)->message->well_known,
                         wanted[i].well_known);
    assert_int_equal(type->well_known, WELL_KNOWN_NONE);
    const struct schema_message *value = sets_field(type, "value")->message;
    assert_true(sets_field(value, "null_value")->enumeration->is_null_value);
}

/* Every byte that a field takes in its message, once; members of a oneof share theirs. */
static void fields_do_not_overlap(void **state)
{
    (void)state;
    static const char *const types[] = {"Scalars", "Optionals", "Repeateds", "Maps", "Sparse"};
    for (size_t i = 0; i < array_length(types); i++) {
        const struct schema_message *type = sets_type(&sets, types[i]);
        char *used = calloc(type->size, 1);
        assert_non_null(used);
        memset(used, 1, sizeof(ProtobufCMessage));
        for (size_t f = 0; f < type->field_count; f++) {
            const struct schema_field *field = &type->fields[f];
            bool many = field->shape == FIELD_REPEATED || field->shape == FIELD_MAP;
            size_t bytes = many ? sizeof(void *) : schema_type_bytes(field->type);
            assert_true(field->offset + bytes <= type->size);
            for (size_t byte = 0; byte < bytes; byte++)
                assert_int_equal(used[field->offset + byte]++, 0);
            size_t presence = many ? sizeof(size_t) : sizeof(protobuf_c_boolean);
            for (size_t byte = 0; byte < presence && field->shape != FIELD_SINGULAR; byte++)
                assert_int_equal(used[field->presence_offset + byte]++, 0);
        }
        free(used);
    }
}

static void a_new_message_has_no_field(void **state)
{
    (void)state;
    static const char *const types[] = {"Scalars", "Optionals", "Repeateds", "Choice", "Maps"};
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < array_length(types); i++) {
        const struct schema_message *type = sets_type(&sets, types[i]);
        ProtobufCMessage *message = schema_message_new(type, &arena);
        assert_non_null(message);
        for (size_t f = 0; f < type->field_count; f++)
            assert_false(schema_field_present(message, &type->fields[f]));
        assert_int_equal(wire_size(type, message), 0);
    }
    arena_clear(&arena);
}

static void presence_is_not_the_zero_value(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct schema_message *optionals = sets_type(&sets, "Optionals");
    ProtobufCMessage *message = schema_message_new(optionals, &arena);
    schema_field_mark_present(message, sets_field(optionals, "an_int32"));
    assert_true(schema_field_present(message, sets_field(optionals, "an_int32")));
    assert_false(schema_field_present(message, sets_field(optionals, "a_bool")));
    const struct schema_message *scalars = sets_type(&sets, "Scalars");
    message = schema_message_new(scalars, &arena);
    const struct schema_field *number = sets_field(scalars, "a_double");
    schema_field_mark_present(message, number);
    assert_false(schema_field_present(message, number));
    *(double *)schema_value(message, number) = -0.0;
    assert_true(schema_field_present(message, number));
    arena_clear(&arena);
}

static void selecting_a_oneofs_member_unselects_the_others(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct schema_message *choice = sets_type(&sets, "Choice");
    const struct schema_field *number = sets_field(choice, "number");
    const struct schema_field *text = sets_field(choice, "text");
    const struct schema_field *yes = sets_field(choice, "yes");
    ProtobufCMessage *message = schema_message_new(choice, &arena);
    schema_field_mark_present(message, yes);
    schema_field_mark_present(message, number);
    schema_field_mark_present(message, text);
    assert_true(schema_field_present(message, text));
    assert_false(schema_field_present(message, number));
    assert_true(schema_field_present(message, yes));
    arena_clear(&arena);
}

static void elements_are_kept_while_a_field_grows(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct schema_message *type = sets_type(&sets, "Repeateds");
    const struct schema_field *field = sets_field(type, "int64s");
    ProtobufCMessage *message = schema_message_new(type, &arena);
    for (int64_t i = 0; i < 999; i += 3) {
        int64_t *room = schema_reserve(message, field, 3, &arena);
        assert_non_null(room);
        for (int64_t next = 0; next < 3; next++) {
            assert_int_equal(room[next], 0);
            room[next] = i + next;
        }
        schema_add_count(message, field, 3);
    }
    assert_int_equal(schema_count(message, field), 999);
    const int64_t *elements = *(int64_t **)schema_value(message, field);
    for (int64_t i = 0; i < 999; i++)
        assert_int_equal(elements[i], i);
    arena_clear(&arena);
}

static void a_field_does_not_grow_above_the_arenas_limit(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 12);
    const struct schema_message *type = sets_type(&sets, "Repeateds");
    const struct schema_field *field = sets_field(type, "int64s");
    ProtobufCMessage *message = schema_message_new(type, &arena);
    assert_null(schema_reserve(message, field, 1 << 12, &arena));
    assert_null(schema_reserve(message, field, SIZE_MAX, &arena));
    assert_null(schema_reserve(message, field, SIZE_MAX / 8, &arena));
    assert_int_equal(schema_count(message, field), 0);
    arena_clear(&arena);
}

static int load(void **state)
{
    (void)state;
    sets = sets_load("protos/types.binpb");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    sets_clear(&sets);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_stand_as_they_are_declared),
        cmocka_unit_test(every_field_is_found_by_its_names_and_number),
        cmocka_unit_test(a_name_that_no_field_has_is_not_found),
        cmocka_unit_test(json_names_are_those_of_the_proto_unless_one_is_declared),
        cmocka_unit_test(a_camel_name_of_two_fields_is_the_name_of_none),
        cmocka_unit_test(
            a_json_name_that_is_the_default_counts_where_the_set_says_that_it_was_written),
        cmocka_unit_test(shapes_follow_the_declaration),
        cmocka_unit_test(only_real_oneofs_have_a_name),
        cmocka_unit_test(a_type_can_hold_itself),
        cmocka_unit_test(enums_keep_aliases_and_negative_numbers),
        cmocka_unit_test(well_known_types_are_recognised),
        cmocka_unit_test(fields_do_not_overlap),
        cmocka_unit_test(a_new_message_has_no_field),
        cmocka_unit_test(presence_is_not_the_zero_value),
        cmocka_unit_test(selecting_a_oneofs_member_unselects_the_others),
        cmocka_unit_test(elements_are_kept_while_a_field_grows),
        cmocka_unit_test(a_field_does_not_grow_above_the_arenas_limit),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
