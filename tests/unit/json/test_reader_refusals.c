/* SPDX-License-Identifier: MIT */
/* Is a document that is not JSON, or does not fit its message, refused with a reason? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json_reading.h"

static void a_member_comes_once(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {"Scalars", "{\"a_bool\":true,\"a_bool\":true}",
         "a second member of the same name at byte 24"},
        {"Scalars", "{\"a_bool\":null,\"a_bool\":null}", "a second member"},
        {"Scalars", "{\"a_bool\":true,\"a_b\\u006fol\":true}", "a second member"},
        {"Scalars", "{\"x\":1,\"y\":2,\"x\":3}", "a second member"},
        {"Scalars", "{\"x\":{\"a\":1,\"a\":2}}", "a second member"},
        {"Maps", "{\"texts\":{\"a\":\"1\",\"a\":\"2\"}}", "a second member"},
        {"WellKnown", "{\"object\":{\"a\":1,\"a\":2}}", "a second member"},
        {"Choice", "{\"number\":1,\"text\":\"a\"}", "two members of the same oneof"},
    };
    must_refuse_all(rows, array_length(rows), &lenient);
}

static void a_map_key_has_one_form(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {"Maps", "{\"scalars\":{\"1.0\":{}}}", "not a key of its map"},
        {"Maps", "{\"scalars\":{\"1e0\":{}}}", "not a key"},
        {"Maps", "{\"scalars\":{\"-0\":{}}}", "not a key"},
        {"Maps", "{\"scalars\":{\"01\":{}}}", "not a key"},
        {"Maps", "{\"scalars\":{\"\":{}}}", "not a key"},
        {"Maps", "{\"scalars\":{\"2147483648\":{}}}", "not a key"},
        {"Maps", "{\"colours\":{\"True\":0}}", "not a key"},
        {"Maps", "{\"pieces\":{\"-1\":\"\"}}", "not a key"},
        {"Maps", "{\"texts\":{\"a\":null}}", "null is not allowed in a list or a map"},
    };
    must_refuse_all(rows, array_length(rows), &lenient);
}

static void a_value_that_a_field_cannot_hold_is_refused_and_named(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {"Scalars", "{\"an_int32\":2147483648}", "an_int32: the value is not a whole number"},
        {"Scalars", "{\"an_int32\":-2147483649}", "not a whole number"},
        {"Scalars", "{\"a_uint32\":4294967296}", "not a whole number"},
        {"Scalars", "{\"an_int32\":1.5}", "not a whole number"},
        {"Scalars", "{\"an_int32\":\" 1\"}", "not a whole number"},
        {"Scalars", "{\"an_int32\":\"\"}", "not a whole number"},
        {"Scalars", "{\"an_int32\":true}", "not a number"},
        {"Scalars", "{\"an_int32\":[1]}", "not a number"},
        {"Scalars", "{\"an_int64\":9223372036854775808}", "not a whole number"},
        {"Scalars", "{\"a_uint32\":-1}", "not a whole number"},
        {"Scalars", "{\"a_uint64\":18446744073709551616}", "not a whole number"},
        {"Scalars", "{\"a_double\":1e999}", "not a number that fits"},
        {"Scalars", "{\"a_float\":3.5e38}", "not a number that fits"},
        {"Scalars", "{\"a_double\":\"nan\"}", "not a number"},
        {"Scalars", "{\"a_bool\":1}", "not a bool"},
        {"Scalars", "{\"a_string\":true}", "not a string"},
        {"Scalars", "{\"some_bytes\":\"A\"}", "not a base64"},
        {"Scalars", "{\"some_bytes\":\"A===\"}", "not a base64"},
        {"Scalars", "{\"some_bytes\":\"AA=A\"}", "not a base64"},
        {"Scalars", "{\"some_bytes\":1}", "not a base64"},
        {"Scalars", "{\"colour\":\"RED\"}", "not a value of its enum"},
        {"Scalars", "{\"colour\":1.5}", "not a whole number"},
        {"Optionals", "{\"scalars\":{\"a_bool\":1}}", "scalars.a_bool: "},
        {"Optionals", "{\"scalars\":[]}", "scalars: the value is not an object"},
        {"Repeateds", "{\"strings\":\"a\"}", "not an array"},
        {"Repeateds", "{\"strings\":[null]}", "null is not allowed in a list or a map"},
        {"Repeateds", "{\"scalars\":[{},{\"a_bool\":1}]}", "scalars[1].a_bool: "},
        {"Maps", "{\"texts\":[]}", "not an object"},
        {"Maps", "{\"scalars\":{\"5\":{\"a_bool\":1}}}", "scalars[5].a_bool: "},
        {"Maps", "{\"texts\":{\"a\":{}}}", "texts: the value is not a string"},
        {"WellKnown", "{\"timestamp\":1}", "the value is not a string"},
        {"WellKnown", "{\"object\":[]}", "not an object"},
        {"WellKnown", "{\"list\":{}}", "not an array"},
        {"WellKnown", "{\"value\":1e999}", "not a number that fits"},
    };
    must_refuse_all(rows, array_length(rows), &lenient);
}

static void text_that_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "{]",
        "{\"a_bool\"}",
        "{\"a_bool\":}",
        "{\"a_bool\":true",
        "{,}",
        "{\"a_bool\":true,}",
        "{\"a_bool\" true}",
        "{a_bool:true}",
        "{'a_bool':true}",
        "{}{}",
        "{}x",
        "{} //",
        "{\"a_bool\":tru}",
        "{\"a_bool\":True}",
        "{\"a_bool\":truex}",
        "{\"x\":nul}",
        "{\"x\":[1,]}",
        "{\"x\":[,1]}",
        "{\"x\":[1 2]}",
        "{\"x\":[1}",
        "{\"x\":01}",
        "{\"x\":+1}",
        "{\"x\":.5}",
        "{\"x\":5.}",
        "{\"x\":1e}",
        "{\"x\":1e+}",
        "{\"x\":-}",
        "{\"x\":0x1}",
        "{\"x\":NaN}",
        "{\"x\":Infinity}",
        "{\"an_int32\":01}",
        "{\"an_int32\":00}",
        "{\"an_int32\":1",
        "{\"an_int32\":1-}",
        "{\"a_string\":\"a\nb\"}",
        "{\"a_string\":\"\\x\"}",
        "{\"a_string\":\"\\u12\"}",
        "{\"a_string\":\"\\u12g4\"}",
        "{\"a_string\":\"",
        "{\"a_string\":\"\\",
        "{\"a_string\":\"\\\"}",
        "{\"a_string\":\"\x01\"}",
        "\xef\xbb\xbf{}",
    };
    for (size_t i = 0; i < array_length(documents); i++)
        must_refuse(sets_type(&sets, "Scalars"), text_of(documents[i]), &lenient, "");
    must_refuse(sets_type(&sets, "Scalars"), (struct text){NULL, 0}, &lenient, "not an object");
    must_refuse(sets_type(&sets, "Scalars"), text_literal("{}\0"), &lenient, "text after its end");
    must_refuse(sets_type(&sets, "Scalars"), text_literal("{\0}"), &lenient, "no string where");
}

static void strings_are_well_formed_unicode(void **state)
{
    (void)state;
    static const struct good good[] = {
        {"Scalars", "{\"a_string\":\"\\ud83d\\ude00 \\u0041\\/\\b\\f\\n\\r\\t\\\\\\\"\"}",
         "{\"a_string\":\"\xf0\x9f\x98\x80 A/\\b\\f\\n\\r\\t\\\\\\\"\"}"},
        {"Scalars", "{\"a_string\":\"\xe4\xb8\xad\xe6\x96\x87\"}", NULL},
        {"Scalars", "{\"a_string\":\"\\u0000\\u007f\\uffff\"}",
         "{\"a_string\":\"\\u0000\x7f\xef\xbf\xbf\"}"},
    };
    must_become_all(good, array_length(good), &lenient);
    static const struct bad bad[] = {
        {"Scalars", "{\"a_string\":\"\\ud800\"}", "a lone surrogate"},
        {"Scalars", "{\"a_string\":\"\\udc00\"}", "a lone surrogate"},
        {"Scalars", "{\"a_string\":\"\\udc00\\ud800\"}", "a lone surrogate"},
        {"Scalars", "{\"a_string\":\"\\ud800\\u0041\"}", "a lone surrogate"},
        {"Scalars", "{\"a_string\":\"\\ud800\\n\"}", "a lone surrogate"},
        {"Scalars", "{\"a_string\":\"\xff\"}", "not UTF-8"},
        {"Scalars", "{\"a_string\":\"\xc0\x80\"}", "not UTF-8"},
        {"Scalars", "{\"a_string\":\"\xed\xa0\x80\"}", "not UTF-8"},
        {"Scalars", "{\"a_string\":\"0123456789\xe4\xb8\"}", "not UTF-8"},
        {"Scalars", "{\"x\":\"\\n\xff\"}", "not UTF-8"},
        {"Scalars", "{\"\xff\":1}", "not UTF-8"},
    };
    must_refuse_all(bad, array_length(bad), &lenient);
}

static void a_member_that_cannot_be_read_is_reported_and_absent(void **state)
{
    (void)state;
    struct report report = {0};
    const struct json_read_options options = {.unreadable = note, .context = &report};
    must_become(sets_type(&sets, "Everything"),
                "{\"scalars\":{\"an_int32\":\"x\",\"a_bool\":true},"
                "\"repeateds\":{\"strings\":[\"a\",true],\"scalars\":[{\"a_bool\":2},{}],"
                "\"bools\":[true]},"
                "\"maps\":{\"texts\":{\"a\":[]},\"scalars\":{\"1\":{\"a_bool\":{}}}},"
                "\"choice\":{\"number\":\"x\",\"text\":\"y\"},"
                "\"well_known\":{\"timestamp\":\"today\",\"duration\":\"1s\"},\"node\":[]}",
                &options,
                "{\"scalars\":{\"a_bool\":true},"
                "\"repeateds\":{\"bools\":[true],\"scalars\":[{},{}]},"
                "\"choice\":{\"text\":\"y\"},"
                "\"maps\":{\"scalars\":{\"1\":{}}},"
                "\"well_known\":{\"duration\":\"1s\"}}");
    assert_string_equal(report.paths, "scalars.an_int32;repeateds.strings;"
                                      "repeateds.scalars[0].a_bool;maps.texts;"
                                      "maps.scalars[1].a_bool;choice.number;"
                                      "well_known.timestamp;node;");
}

static void malformed_json_fails_although_unreadable_members_are_reported(void **state)
{
    (void)state;
    struct report report = {0};
    const struct json_read_options options = {.unreadable = note, .context = &report};
    static const char *const documents[] = {"{\"an_int32\":[1}", "{\"an_int32\":{\"a\":1,\"a\":2}}",
                                            "{\"an_int32\":x}", "{\"an_int32\":\"\xff\"}", "[]"};
    for (size_t i = 0; i < array_length(documents); i++)
        must_refuse(sets_type(&sets, "Scalars"), text_of(documents[i]), &options, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_comes_once),
        cmocka_unit_test(a_map_key_has_one_form),
        cmocka_unit_test(a_value_that_a_field_cannot_hold_is_refused_and_named),
        cmocka_unit_test(text_that_is_not_json_is_refused),
        cmocka_unit_test(strings_are_well_formed_unicode),
        cmocka_unit_test(a_member_that_cannot_be_read_is_reported_and_absent),
        cmocka_unit_test(malformed_json_fails_although_unreadable_members_are_reported),
    };
    return cmocka_run_group_tests(tests, types_load, types_unload);
}
