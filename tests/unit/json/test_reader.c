/* SPDX-License-Identifier: MIT */
/* Does a good JSON document become the message that it describes? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json_reading.h"

static void values_of_every_type_are_read(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Empty", "{}", NULL},
        {"Scalars", " {\t\"a_bool\" :\r\n true }\n", "{\"a_bool\":true}"},
        {"Scalars", "{\"a_double\":0.1,\"a_float\":0.1}", NULL},
        {"Scalars", "{\"a_double\":5e-324,\"a_float\":1e-45}",
         "{\"a_double\":4.94065645841247e-324,\"a_float\":1.4013e-45}"},
        {"Scalars", "{\"a_double\":\"NaN\",\"a_float\":\"-Infinity\"}", NULL},
        {"Scalars", "{\"a_double\":-0,\"a_float\":-0.0}", "{\"a_double\":-0,\"a_float\":-0}"},
        {"Scalars", "{\"an_int32\":-2147483648,\"a_uint32\":4294967295}", NULL},
        {"Scalars", "{\"an_int64\":-9223372036854775808,\"a_uint64\":18446744073709551615}", NULL},
        {"Scalars", "{\"an_int32\":999999999,\"an_int64\":1000000000}", NULL},
        {"Scalars", "{\"an_int64\":12345678901,\"a_uint32\":1000000001}", NULL},
        {"Scalars", "{\"an_int64\":9007199254740993,\"a_sint64\":9223372036854775807}", NULL},
        {"Scalars", "{\"a_sint32\":-1,\"a_fixed32\":1,\"an_sfixed32\":-3}", NULL},
        {"Scalars", "{\"a_fixed64\":1,\"an_sfixed64\":-2}", NULL},
        {"Scalars", "{\"some_bytes\":\"AP+/\"}", NULL},
        {"Scalars", "{\"some_bytes\":\"AP-_\"}", "{\"some_bytes\":\"AP+/\"}"},
        {"Scalars", "{\"some_bytes\":\"AA\"}", "{\"some_bytes\":\"AA==\"}"},
        {"Scalars", "{\"colour\":\"COLOUR_CRIMSON\"}", "{\"color\":\"COLOUR_RED\"}"},
        {"Scalars", "{\"colour\":-1}", "{\"color\":\"COLOUR_NEGATIVE\"}"},
        {"Scalars", "{\"color\":77}", NULL},
        {"Optionals", "{\"a_double\":0,\"an_int32\":0,\"a_bool\":false,\"a_string\":\"\"}", NULL},
        {"Optionals", "{\"some_bytes\":\"\",\"colour\":0,\"scalars\":{}}",
         "{\"some_bytes\":\"\",\"colour\":\"COLOUR_UNSPECIFIED\",\"scalars\":{}}"},
        {"Repeateds", "{\"doubles\":[1.5,2],\"int64s\":[1,2,3,4,5],\"bools\":[true,false]}", NULL},
        {"Repeateds", "{\"strings\":[\"a\",\"\"],\"scalars\":[{},{\"a_bool\":true}]}", NULL},
        {"Repeateds", "{\"strings\":[]}", "{}"},
        {"Choice", "{\"text\":\"\"}", NULL},
        {"Choice", "{\"number\":null,\"scalars\":{}}", "{\"scalars\":{}}"},
        {"Node", "{\"name\":\"a\",\"left\":{\"name\":\"b\"},\"children\":[{\"children\":[{}]}]}",
         NULL},
        {"Maps", "{\"texts\":{\"\":\"x\",\"b\":\"\"},\"scalars\":{\"-1\":{},\"0\":{}}}", NULL},
        {"Maps",
         "{\"colours\":{\"true\":\"COLOUR_RED\"},\"pieces\":{\"18446744073709551615\":\"\"}}",
         NULL},
    };
    must_become_all(rows, array_length(rows), &lenient);
}

static void well_known_types_have_their_own_forms(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00Z\",\"duration\":\"-1.500s\"}", NULL},
        {"WellKnown", "{\"mask\":\"a,fooBar.bazQux\"}", NULL},
        {"WellKnown", "{\"mask\":\"\"}", NULL},
        {"WellKnown", "{\"mask\":\"a\\\"},\\\\\"}", NULL},
        {"WellKnown", "{\"wrapped\":\"\"}", NULL},
        {"WellKnown", "{\"wrapped\":null,\"object\":null,\"list\":null}", "{}"},
        {"WellKnown", "{\"value\":null}", NULL},
        {"WellKnown", "{\"value\":{\"a\":[1,\"b\",true,null,{}]}}", NULL},
        {"WellKnown", "{\"object\":{\"a\":null},\"list\":[null,[[]],0.5]}", NULL},
    };
    must_become_all(rows, array_length(rows), &lenient);
}

static void null_is_absent(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Scalars", "{\"an_int32\":null,\"a_string\":null,\"some_bytes\":null}", "{}"},
        {"Optionals", "{\"an_int32\":null,\"scalars\":null}", "{}"},
        {"Repeateds", "{\"strings\":null}", "{}"},
        {"Maps", "{\"texts\":null}", "{}"},
    };
    must_become_all(rows, array_length(rows), &strict);
}

static void lenient_forms_of_some_servers_are_read_when_nothing_is_lost(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Scalars", "{\"a_string\":7}", "{\"a_string\":\"7\"}"},
        {"Scalars", "{\"a_string\":-1.50e+02}", "{\"a_string\":\"-1.50e+02\"}"},
        {"Scalars", "{\"a_string\":12345678901234567890123}",
         "{\"a_string\":\"12345678901234567890123\"}"},
        {"Scalars", "{\"an_int32\":\"7\",\"a_double\":\"1.5\"}",
         "{\"a_double\":1.5,\"an_int32\":7}"},
        {"Scalars", "{\"an_int32\":123456789.0,\"an_int64\":123456789E1,\"a_uint32\":0e1}",
         "{\"an_int32\":123456789,\"an_int64\":1234567890}"},
        {"Scalars", "{\"an_int32\":1.0,\"an_int64\":1e2,\"a_uint32\":\"250e-1\"}",
         "{\"an_int32\":1,\"an_int64\":100,\"a_uint32\":25}"},
        {"Scalars", "{\"a_bool\":\"true\"}", "{\"a_bool\":true}"},
        {"Scalars", "{\"colour\":\"1\"}", "{\"color\":\"COLOUR_RED\"}"},
    };
    must_become_all(rows, array_length(rows), &lenient);
}

static void unknown_members_are_skipped(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Scalars", "{\"x\":[{\"a\":[true,false,null]},-1.5e3,\"\\u00e4\"],\"a_bool\":true}",
         "{\"a_bool\":true}"},
        {"Scalars", "{\"A_Bool\":true,\"abool\":1,\"\":{}}", "{}"},
    };
    must_become_all(rows, array_length(rows), &lenient);
    static const struct bad bad[] = {{"Scalars", "{\"x\":1}", "the message has no field \"x\""}};
    must_refuse_all(bad, array_length(bad), &strict);
}

static void strict_reading_wants_the_types_that_are_declared(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {"Scalars", "{\"a_string\":7}", "a_string: the value is not a string"},
        {"Scalars", "{\"a_bool\":\"true\"}", "not a bool"},
        {"Scalars", "{\"colour\":\"1\"}", "not a value of its enum"},
    };
    must_refuse_all(rows, array_length(rows), &strict);
    static const struct good good[] = {
        {"Scalars", "{\"an_int64\":\"7\"}", "{\"an_int64\":7}"},
    };
    must_become_all(good, array_length(good), &strict);
}

static void a_field_is_read_by_each_of_its_names(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Scalars", "{\"aBool\":true,\"a_double\":1,\"color\":1}",
         "{\"a_double\":1,\"a_bool\":true,\"color\":\"COLOUR_RED\"}"},
        {"Renamed", "{\"flavor-Ref\":\"a\",\"OldName2\":\"b\"}",
         "{\"flavor-Ref\":\"a\",\"_old__name2\":\"b\"}"},
        {"Renamed", "{\"_old__name2\":\"b\",\"flavorRef\":\"a\"}",
         "{\"flavor-Ref\":\"a\",\"_old__name2\":\"b\"}"},
        {"Renamed", "{\"plain\":\"b\",\"flavor_ref\":\"a\"}",
         "{\"flavor-Ref\":\"a\",\"plain\":\"b\"}"},
        {"Renamed", "{\"given-up\":\"a\",\"givenUp\":\"b\"}",
         "{\"givenUp\":\"b\",\"given-up\":\"a\"}"},
        {"Scalars", "{\"aBool\":true,\"a_bool\":[0]}", "{\"a_bool\":true}"},
        {"Scalars", "{\"a_bool\":true,\"a_double\":1,\"aBool\":\"no\"}",
         "{\"a_double\":1,\"a_bool\":true}"},
        {"Renamed", "{\"flavorRef\":\"a\",\"flavor_ref\":\"b\",\"flavor-Ref\":\"c\"}",
         "{\"flavor-Ref\":\"a\"}"},
    };
    must_become_all(rows, array_length(rows), &lenient);
    static const struct bad bad[] = {
        {"Scalars", "{\"aBool\":true,\"a_bool\":true,\"aBool\":true}",
         "a second member of the same name"},
        {"Scalars", "{\"aBool\":true,\"a_bool\":true,\"a_bool\":true}",
         "a second member of the same name"},
    };
    must_refuse_all(bad, array_length(bad), &lenient);
    static const struct bad twice[] = {
        {"Scalars", "{\"aBool\":true,\"a_bool\":true}", "a second member of the same field"},
        {"Scalars", "{\"colour\":1,\"color\":1}", "a second member of the same field"},
        {"Renamed", "{\"flavorRef\":\"a\",\"flavor-Ref\":\"a\"}",
         "a second member of the same field"},
    };
    must_refuse_all(twice, array_length(twice), &strict);
}

static void strings_without_escapes_stay_where_they_are(void **state)
{
    (void)state;
    static const char json[] = "{\"a_string\":\"plain\"}";
    const struct schema_message *type = sets_type(&sets, "Scalars");
    scoped(exchange) struct exchange exchange;
    assert_true(exchange_read(&exchange, type, text_of(json), &lenient));
    const ProtobufCBinaryData *text = schema_value(exchange.message, sets_field(type, "a_string"));
    assert_ptr_equal(text->data, json + 13);
}

static void one_field_can_be_a_whole_document(void **state)
{
    (void)state;
    const struct schema_message *type = sets_type(&sets, "Repeateds");
    const struct schema_field *field = sets_field(type, "strings");
    struct arena arena;
    struct status status;
    arena_init(&arena, EXCHANGE_BYTES);
    ProtobufCMessage *message = schema_message_new(type, &arena);
    assert_true(
        json_read_field(field, text_of(" [\"a\",\"b\"] "), &lenient, &arena, message, &status));
    assert_int_equal(schema_count(message, field), 2);
    message = schema_message_new(type, &arena);
    assert_false(json_read_field(field, text_of("[\"a\"]x"), &lenient, &arena, message, &status));
    assert_int_equal(schema_count(message, field), 0);
    assert_false(json_read_field(field, text_of("[\"a\",{}]"), &lenient, &arena, message, &status));
    assert_int_equal(schema_count(message, field), 0);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_type_are_read),
        cmocka_unit_test(well_known_types_have_their_own_forms),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(lenient_forms_of_some_servers_are_read_when_nothing_is_lost),
        cmocka_unit_test(unknown_members_are_skipped),
        cmocka_unit_test(strict_reading_wants_the_types_that_are_declared),
        cmocka_unit_test(a_field_is_read_by_each_of_its_names),
        cmocka_unit_test(strings_without_escapes_stay_where_they_are),
        cmocka_unit_test(one_field_can_be_a_whole_document),
    };
    return cmocka_run_group_tests(tests, types_load, types_unload);
}
