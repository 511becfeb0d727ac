/* SPDX-License-Identifier: MIT */
#include "json/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scoped.h"

#include <jansson.h>

struct reading {
    struct arena arena;
    struct json_source source;
    struct status status;
};

static void reading_clear(struct reading *reading)
{
    arena_clear(&reading->arena);
}

static void start(struct reading *reading, struct text json)
{
    static const struct json_limits limits;
    arena_init(&reading->arena, 1 << 20);
    json_source_init(&reading->source, json, &limits, &reading->arena, &reading->status);
}

static size_t put_utf8(char *at, uint32_t code)
{
    if (code < 0x80) {
        at[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, code >>= 6)
        at[i] = (char)(0x80 | (code & 63));
    at[0] = (char)((0xf0U << (3 - more)) | code);
    return more + 1;
}

/* Behind `before` letters, so that it lies at every place of what is looked at together. */
static void must_survive(uint32_t code, size_t before)
{
    scoped(reading) struct reading reading;
    struct buffer json;
    char bytes[64];
    memset(bytes, 'x', sizeof bytes);
    size_t count = before + put_utf8(bytes + before, code) + 3;
    start(&reading, (struct text){NULL, 0});
    buffer_init(&json, &reading.arena, 0);
    json_add_string(&json, (struct text){bytes, count});
    reading.source.at = json.at;
    reading.source.end = json.at + json.bytes;
    struct text text;
    assert_true(json_take_string(&reading.source, &text));
    assert_true(text_equal(text, (struct text){bytes, count}));
    assert_true(json_finish(&reading.source));
}

static void every_character_comes_back_as_it_was_written(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code += code < 0x900 ? 1 : 61)
        if (code < 0xd800 || code > 0xdfff)
            must_survive(code, code % 20);
    for (size_t before = 0; before < 40; before++)
        for (uint32_t code = 0; code < 0x80; code++)
            must_survive(code, before);
}

static void every_escape_is_read_as_another_library_reads_it(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code += code < 0x900 ? 1 : 61) {
        char json[64];
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        if (code < 0x10000)
            snprintf(json, sizeof json, "\"a\\u%04X\"", code);
        else
            snprintf(json, sizeof json, "\"a\\u%04x\\u%04X\"", 0xd800 + ((code - 0x10000) >> 10),
                     0xdc00 + (code & 0x3ff));
        scoped(reading) struct reading reading;
        struct text text;
        start(&reading, text_of(json));
        assert_true(json_take_string(&reading.source, &text));
        json_t *other = json_loads(json, JSON_DECODE_ANY, NULL);
        assert_non_null(other);
        assert_true(text_equal(text, text_of(json_string_value(other))));
        json_decref(other);
    }
}

static void a_string_ends_where_its_memory_ends(void **state)
{
    (void)state;
    static const char json[] = "\"0123456789\\n0123456789\\u00e4\xe4\xb8\xad\"";
    for (size_t bytes = 0; bytes < sizeof json; bytes++) {
        scoped(reading) struct reading reading;
        char *cut = malloc(bytes + (bytes == 0));
        assert_non_null(cut);
        memcpy(cut, json, bytes);
        start(&reading, (struct text){cut, bytes});
        struct text text = text_literal("untouched");
        assert_int_equal(json_take_string(&reading.source, &text), bytes == sizeof json - 1);
        if (bytes < sizeof json - 1) {
            assert_true(reading.source.broken);
            assert_true(text_equal(text, text_literal("untouched")));
        }
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back_as_it_was_written),
        cmocka_unit_test(every_escape_is_read_as_another_library_reads_it),
        cmocka_unit_test(a_string_ends_where_its_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
