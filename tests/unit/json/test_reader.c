/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "json_exchange.h"

static struct sets sets;

static const struct json_read_options lenient, strict = {.strict = true},
                                               camel = {.camel_names = true};

/* A document and what the writer makes of what was read; NULL when that is the document again. */
struct good {
    const char *type, *json, *written;
};

static void must_become_all(const struct good *rows, size_t count,
                            const struct json_read_options *options)
{
    for (size_t i = 0; i < count; i++)
        must_become(sets_type(&sets, rows[i].type), rows[i].json, options,
                    rows[i].written ? rows[i].written : rows[i].json);
}

struct bad {
    const char *type, *json, *why;
};

static void must_refuse_all(const struct bad *rows, size_t count,
                            const struct json_read_options *options)
{
    for (size_t i = 0; i < count; i++)
        must_refuse(sets_type(&sets, rows[i].type), text_of(rows[i].json), options, rows[i].why);
}

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
        {"Scalars", "{\"an_int64\":9007199254740993,\"a_sint64\":9223372036854775807}", NULL},
        {"Scalars", "{\"a_sint32\":-1,\"a_fixed32\":1,\"an_sfixed32\":-3}", NULL},
        {"Scalars", "{\"a_fixed64\":1,\"an_sfixed64\":-2}", NULL},
        {"Scalars", "{\"some_bytes\":\"AP+/\"}", NULL},
        {"Scalars", "{\"some_bytes\":\"AP-_\"}", "{\"some_bytes\":\"AP+/\"}"},
        {"Scalars", "{\"some_bytes\":\"AA\"}", "{\"some_bytes\":\"AA==\"}"},
        {"Scalars", "{\"colour\":\"COLOUR_CRIMSON\"}", "{\"colour\":\"COLOUR_RED\"}"},
        {"Scalars", "{\"colour\":-1}", "{\"colour\":\"COLOUR_NEGATIVE\"}"},
        {"Scalars", "{\"colour\":77}", NULL},
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
        {"Scalars", "{\"an_int32\":1.0,\"an_int64\":1e2,\"a_uint32\":\"250e-1\"}",
         "{\"an_int32\":1,\"an_int64\":100,\"a_uint32\":25}"},
        {"Scalars", "{\"a_bool\":\"true\"}", "{\"a_bool\":true}"},
        {"Scalars", "{\"colour\":\"1\"}", "{\"colour\":\"COLOUR_RED\"}"},
    };
    must_become_all(rows, array_length(rows), &lenient);
}

static void unknown_members_are_skipped(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Scalars", "{\"x\":[{\"a\":[true,false,null]},-1.5e3,\"\\u00e4\"],\"a_bool\":true}",
         "{\"a_bool\":true}"},
        {"Scalars", "{\"aBool\":true,\"\":{}}", "{}"},
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

static void lower_camel_case_is_read_when_asked_for(void **state)
{
    (void)state;
    static const struct good rows[] = {
        {"Scalars", "{\"aBool\":true,\"a_double\":1,\"color\":1}",
         "{\"a_double\":1,\"a_bool\":true,\"colour\":\"COLOUR_RED\"}"},
    };
    must_become_all(rows, array_length(rows), &camel);
    static const struct bad bad[] = {
        {"Scalars", "{\"aBool\":true,\"a_bool\":true}", "a second member of the same name"},
    };
    must_refuse_all(bad, array_length(bad), &camel);
}

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

struct report {
    char paths[512];
    size_t count;
};

static void note(struct text path, const struct status *why, void *context)
{
    struct report *report = context;
    size_t at = strlen(report->paths);
    assert_int_equal(why->code, STATUS_INVALID_ARGUMENT);
    snprintf(report->paths + at, sizeof report->paths - at, "%.*s;", text_arguments(path));
    report->count++;
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

static void levels_are_bounded(void **state)
{
    (void)state;
    const struct json_read_options options = {.limits = {.depth = 3}};
    const struct schema_message *node = sets_type(&sets, "Node");
    must_become(node, "{\"left\":{\"left\":{}}}", &options, "{\"left\":{\"left\":{}}}");
    must_refuse(node, text_of("{\"left\":{\"left\":{\"left\":{}}}}"), &options, "too many levels");
    must_refuse(node, text_of("{\"children\":[{\"children\":[]}]}"), &options, "too many levels");
    must_refuse(node, text_of("{\"x\":[[[]]]}"), &options, "too many levels");
    must_become(node, "{\"x\":[[],[],[],{},{}],\"left\":{},\"children\":[{},{},{}],\"y\":[]}",
                &options, "{\"left\":{},\"children\":[{},{},{}]}");
    char deep[400] = "{\"x\":";
    memset(deep + 5, '[', 300);
    must_refuse(node, text_of(deep), &lenient, "too many levels at byte 69");
}

/* {"0":1,"1":1,…}, in static storage. */
static const char *many_members(const char *head, size_t count, const char *tail)
{
    static char json[EXCHANGE_BYTES / 8];
    size_t at = (size_t)snprintf(json, sizeof json, "%s", head);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(json + at, sizeof json - at, "%s\"%zu\":\"\"", i ? "," : "", i);
    snprintf(json + at, sizeof json - at, "%s", tail);
    return json;
}

static void members_are_bounded(void **state)
{
    (void)state;
    const struct json_read_options few = {.limits = {.names = 3}};
    const struct schema_message *maps = sets_type(&sets, "Maps");
    must_become(maps, many_members("{", 3, "}"), &few, "{}");
    must_refuse(maps, text_of(many_members("{", 4, "}")), &few, "too many members");
    must_refuse(maps, text_of(many_members("{\"x\":{", 4, "}}")), &few, "too many members");
    must_refuse(maps, text_of(many_members("{\"texts\":{", 4, "}}")), &few, "too many members");
    must_become(maps, many_members("{", 4096, "}"), &lenient, "{}");
    must_refuse(maps, text_of(many_members("{", 4097, "}")), &lenient, "too many members");
}

static void a_second_of_many_members_is_noticed(void **state)
{
    (void)state;
    const struct schema_message *maps = sets_type(&sets, "Maps");
    for (size_t count = 1; count < 200; count++) {
        char tail[32];
        snprintf(tail, sizeof tail, ",\"%zu\":0}}", count / 2);
        must_refuse(maps, text_of(many_members("{\"x\":{", count, tail)), &lenient,
                    "a second member");
        must_become(maps, many_members("{\"x\":{", count, "}}"), &lenient, "{}");
    }
}

static void skipped_members_take_no_memory(void **state)
{
    (void)state;
    static char json[EXCHANGE_BYTES / 8] = "{\"x\":[";
    static const char object[] = "{\"a\":1,\"b\":[{\"c\":\"d\"}],\"e\":{}},";
    size_t bytes = strlen(json);
    for (int i = 0; i < 1000; i++, bytes += sizeof object - 1)
        memcpy(json + bytes, object, sizeof object);
    memcpy(json + bytes, "0]}", sizeof "0]}");
    const struct schema_message *type = sets_type(&sets, "Scalars");
    struct arena arena;
    struct status status;
    ProtobufCMessage *message;
    arena_init(&arena, type->size + 16);
    assert_true(json_read(type, text_of(json), &lenient, &arena, &message, &status));
    arena_clear(&arena);
}

static void memory_is_the_arenas_and_bounded(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{\"node\":{\"children\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}}",
        "{\"scalars\":{\"a_string\":\"\\u0041aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}",
        "{\"scalars\":{\"some_bytes\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}",
        "{\"maps\":{\"texts\":{\"a\":\"\",\"b\":\"\"}}}",
        "{\"x\":1}",
    };
    const struct schema_message *type = sets_type(&sets, "Everything");
    struct report report = {0};
    const struct json_read_options options = {.unreadable = note, .context = &report};
    for (size_t i = 0; i < array_length(documents); i++) {
        bool read = false;
        for (size_t limit = 0; !read; limit += 16) {
            struct arena arena;
            struct status status;
            ProtobufCMessage *message = NULL;
            arena_init(&arena, limit);
            read = json_read(type, text_of(documents[i]), &options, &arena, &message, &status);
            if (!read)
                assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
            assert_int_equal(read, message != NULL);
            arena_clear(&arena);
            assert_true(limit < 16384);
        }
    }
    assert_int_equal(report.count, 0);
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
        cmocka_unit_test(lower_camel_case_is_read_when_asked_for),
        cmocka_unit_test(a_member_comes_once),
        cmocka_unit_test(a_map_key_has_one_form),
        cmocka_unit_test(a_value_that_a_field_cannot_hold_is_refused_and_named),
        cmocka_unit_test(text_that_is_not_json_is_refused),
        cmocka_unit_test(strings_are_well_formed_unicode),
        cmocka_unit_test(a_member_that_cannot_be_read_is_reported_and_absent),
        cmocka_unit_test(malformed_json_fails_although_unreadable_members_are_reported),
        cmocka_unit_test(levels_are_bounded),
        cmocka_unit_test(members_are_bounded),
        cmocka_unit_test(a_second_of_many_members_is_noticed),
        cmocka_unit_test(skipped_members_take_no_memory),
        cmocka_unit_test(memory_is_the_arenas_and_bounded),
        cmocka_unit_test(strings_without_escapes_stay_where_they_are),
        cmocka_unit_test(one_field_can_be_a_whole_document),
    };
    sets = sets_load("protos/types.binpb");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sets_clear(&sets);
    return failed;
}
