/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "json_exchange.h"

static struct sets sets;

static const struct json_read_options options;
static const struct json_style plain = {.enum_names = true};

/* A message, read from JSON, for the writer. */
static void make(struct exchange *exchange, const char *type, const char *json)
{
    if (!exchange_read(exchange, sets_type(&sets, type), text_of(json), &options))
        fail_msg("%s: %s", json, exchange->status.message);
}

static void must_be_written(const char *type, const char *json, const struct json_style *style,
                            const char *wanted)
{
    scoped(exchange) struct exchange exchange;
    make(&exchange, type, json);
    if (!exchange_write(&exchange, sets_type(&sets, type), style))
        fail_msg("%s: %s", json, exchange.status.message);
    assert_text_is(exchange.written, wanted);
}

static void members_stand_as_they_are_declared(void **state)
{
    (void)state;
    must_be_written("Sparse", "{\"one\":1,\"two\":2,\"thousand\":3,\"largest\":4}", &plain,
                    "{\"largest\":4,\"one\":1,\"thousand\":3,\"two\":2}");
}

static void names_are_those_of_the_proto_unless_one_is_chosen(void **state)
{
    (void)state;
    static const char json[] = "{\"a_bool\":true,\"colour\":1}";
    static const struct json_style camel = {.names = JSON_NAMES_JSON, .enum_names = true};
    must_be_written("Scalars", json, &plain, "{\"a_bool\":true,\"color\":\"COLOUR_RED\"}");
    must_be_written("Scalars", json, &camel, "{\"aBool\":true,\"color\":\"COLOUR_RED\"}");
}

static void large_integers_are_numbers_or_strings(void **state)
{
    (void)state;
    static const char json[] = "{\"a_double\":1,\"an_int32\":2,\"an_int64\":-3,\"a_uint64\":4,\"a_"
                               "sint64\":5,\"a_fixed32\":6,"
                               "\"a_fixed64\":7,\"an_sfixed64\":8}";
    static const struct json_style strings = {.int64 = JSON_INT64_STRING};
    must_be_written("Scalars", json, &plain, json);
    must_be_written(
        "Scalars", json, &strings,
        "{\"a_double\":1,\"an_int32\":2,\"an_int64\":\"-3\",\"a_uint64\":\"4\","
        "\"a_sint64\":\"5\",\"a_fixed32\":6,\"a_fixed64\":\"7\",\"an_sfixed64\":\"8\"}");
    must_be_written("Repeateds", "{\"int64s\":[1,2]}", &strings, "{\"int64s\":[\"1\",\"2\"]}");
}

static void map_keys_are_strings(void **state)
{
    (void)state;
    static const char json[] = "{\"texts\":{\"a\\\"\":\"\"},\"scalars\":{\"-1\":{}},"
                               "\"colours\":{\"false\":7},\"pieces\":{\"9\":\"\"}}";
    static const struct json_style strings = {.int64 = JSON_INT64_STRING};
    must_be_written("Maps", json, &plain, json);
    must_be_written("Maps", json, &strings, json);
}

static void enums_are_names_or_numbers(void **state)
{
    (void)state;
    static const struct json_style numbers;
    static const char json[] = "{\"colours\":[0,1,-1,5]}";
    must_be_written("Repeateds", json, &numbers, json);
    must_be_written("Repeateds", json, &plain,
                    "{\"colours\":[\"COLOUR_UNSPECIFIED\",\"COLOUR_RED\",\"COLOUR_NEGATIVE\",5]}");
    must_be_written("WellKnown", "{\"value\":null}", &numbers, "{\"value\":null}");
}

static void json_for_people_has_line_breaks(void **state)
{
    (void)state;
    static const struct json_style indented = {.enum_names = true, .indented = true};
    must_be_written("Everything",
                    "{\"repeateds\":{\"strings\":[\"a\",\"b\"]},\"maps\":{\"texts\":{\"k\":\"v\"}},"
                    "\"empty\":{}}",
                    &indented,
                    "{\n"
                    "  \"repeateds\": {\n"
                    "    \"strings\": [\n"
                    "      \"a\",\n"
                    "      \"b\"\n"
                    "    ]\n"
                    "  },\n"
                    "  \"maps\": {\n"
                    "    \"texts\": {\n"
                    "      \"k\": \"v\"\n"
                    "    }\n"
                    "  },\n"
                    "  \"empty\": {}\n"
                    "}");
}

static bool is_named(const struct schema_field *field, const void *context)
{
    return text_equal(field->name, text_of(context));
}

static void members_are_left_out_at_the_top_only(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&sets, "Node");
    scoped(exchange) struct exchange exchange;
    struct buffer out;
    make(&exchange, "Node", "{\"name\":\"a\",\"left\":{\"name\":\"b\"}}");
    buffer_init(&out, &exchange.arena, 0);
    assert_true(
        json_write(type, exchange.message, &plain, is_named, "name", &out, &exchange.status));
    assert_text_is(buffer_text(&out), "{\"left\":{\"name\":\"b\"}}");
}

static void one_field_is_written_by_itself(void **state)
{
    (void)state;
    static const struct {
        const char *type, *json, *field, *wanted;
    } rows[] = {
        {"Scalars", "{\"an_int64\":5}", "an_int64", "5"},
        {"Scalars", "{}", "a_string", "\"\""},
        {"Repeateds", "{\"strings\":[\"a\"]}", "strings", "[\"a\"]"},
        {"Repeateds", "{}", "strings", "[]"},
        {"Maps", "{\"texts\":{\"a\":\"b\"}}", "texts", "{\"a\":\"b\"}"},
        {"Node", "{\"left\":{\"name\":\"b\"}}", "left", "{\"name\":\"b\"}"},
        {"Node", "{}", "left", "{}"},
        {"WellKnown", "{}", "timestamp", "null"},
        {"WellKnown", "{}", "wrapped", "null"},
        {"WellKnown", "{}", "object", "{}"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct schema_message *type = sets_type(&sets, rows[i].type);
        scoped(exchange) struct exchange exchange;
        struct buffer out;
        make(&exchange, rows[i].type, rows[i].json);
        buffer_init(&out, &exchange.arena, 0);
        assert_true(json_write_field(sets_field(type, rows[i].field), exchange.message, &plain,
                                     &out, &exchange.status));
        assert_text_is(buffer_text(&out), rows[i].wanted);
    }
}

/* Writes a message of WellKnown whose member `name`, there already, was changed to something that
 * has no JSON form. */
static void must_not_be_written(struct exchange *exchange, const char *why)
{
    assert_false(exchange_write(exchange, sets_type(&sets, "WellKnown"), &plain));
    assert_int_equal(exchange->status.code, STATUS_INVALID_ARGUMENT);
    if (!strstr(exchange->status.message, why))
        fail_msg("\"%s\" does not say \"%s\"", exchange->status.message, why);
}

static void *inner_value(const ProtobufCMessage *message, const char *name, uint32_t number)
{
    const struct schema_field *field = sets_field(sets_type(&sets, "WellKnown"), name);
    const ProtobufCMessage *inner = *(ProtobufCMessage **)schema_value(message, field);
    return schema_value(inner, schema_field_by_number(field->message, number));
}

static void times_out_of_range_have_no_form(void **state)
{
    (void)state;
    scoped(exchange) struct exchange exchange;
    make(&exchange, "WellKnown", "{\"timestamp\":\"9999-12-31T23:59:59Z\"}");
    ++*(int64_t *)inner_value(exchange.message, "timestamp", 1);
    must_not_be_written(&exchange, "timestamp: the timestamp is not between");
    *(int64_t *)inner_value(exchange.message, "timestamp", 1) = 0;
    *(int32_t *)inner_value(exchange.message, "timestamp", 2) = -1;
    must_not_be_written(&exchange, "timestamp");
    *(int32_t *)inner_value(exchange.message, "timestamp", 2) = 1000000000;
    must_not_be_written(&exchange, "timestamp");
}

static void durations_out_of_range_have_no_form(void **state)
{
    (void)state;
    scoped(exchange) struct exchange exchange;
    make(&exchange, "WellKnown", "{\"duration\":\"315576000000s\"}");
    ++*(int64_t *)inner_value(exchange.message, "duration", 1);
    must_not_be_written(&exchange, "duration: the duration is out of range");
    *(int64_t *)inner_value(exchange.message, "duration", 1) = 1;
    *(int32_t *)inner_value(exchange.message, "duration", 2) = -1;
    must_not_be_written(&exchange, "duration");
}

static void values_without_a_form_are_named(void **state)
{
    (void)state;
    scoped(exchange) struct exchange exchange;
    make(&exchange, "WellKnown", "{\"value\":1}");
    *(double *)inner_value(exchange.message, "value", 2) = (double)NAN;
    must_not_be_written(&exchange, "value: JSON has no form of NaN and infinity");
    scoped(exchange) struct exchange unset;
    make(&unset, "WellKnown", "{\"value\":null}");
    const struct schema_field *field = sets_field(sets_type(&sets, "WellKnown"), "value");
    const ProtobufCMessage *value = *(ProtobufCMessage **)schema_value(unset.message, field);
    *(uint32_t *)((char *)(uintptr_t)value + field->message->fields[0].presence_offset) = 0;
    must_not_be_written(&unset, "value: the value is not set");
}

static void masks_that_would_not_come_back_have_no_form(void **state)
{
    (void)state;
    static const char *const paths[] = {"fooBar", "foo__bar", "foo_3", "foo_"};
    for (size_t i = 0; i < array_length(paths); i++) {
        scoped(exchange) struct exchange exchange;
        make(&exchange, "WellKnown", "{\"mask\":\"a\"}");
        ProtobufCBinaryData *path =
            *(ProtobufCBinaryData **)inner_value(exchange.message, "mask", 1);
        *path = (ProtobufCBinaryData){strlen(paths[i]), (uint8_t *)(uintptr_t)paths[i]};
        must_not_be_written(&exchange, "has no JSON form");
    }
}

static void memory_is_bounded(void **state)
{
    (void)state;
    scoped(exchange) struct exchange exchange;
    make(&exchange, "Scalars", "{\"a_string\":\"0123456789012345678901234567890123456789\"}");
    struct arena small;
    struct buffer out;
    struct status status;
    arena_init(&small, 32);
    buffer_init(&out, &small, 0);
    assert_false(json_write(sets_type(&sets, "Scalars"), exchange.message, &plain, NULL, NULL, &out,
                            &status));
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
    arena_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_stand_as_they_are_declared),
        cmocka_unit_test(names_are_those_of_the_proto_unless_one_is_chosen),
        cmocka_unit_test(large_integers_are_numbers_or_strings),
        cmocka_unit_test(map_keys_are_strings),
        cmocka_unit_test(enums_are_names_or_numbers),
        cmocka_unit_test(json_for_people_has_line_breaks),
        cmocka_unit_test(members_are_left_out_at_the_top_only),
        cmocka_unit_test(one_field_is_written_by_itself),
        cmocka_unit_test(times_out_of_range_have_no_form),
        cmocka_unit_test(durations_out_of_range_have_no_form),
        cmocka_unit_test(values_without_a_form_are_named),
        cmocka_unit_test(masks_that_would_not_come_back_have_no_form),
        cmocka_unit_test(memory_is_bounded),
    };
    sets = sets_load("protos/types.binpb");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sets_clear(&sets);
    return failed;
}
