/* SPDX-License-Identifier: MIT */
/* Does the JSON reader keep its bounds of levels, members and memory? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "json_reading.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_bounded),
        cmocka_unit_test(members_are_bounded),
        cmocka_unit_test(a_second_of_many_members_is_noticed),
        cmocka_unit_test(skipped_members_take_no_memory),
        cmocka_unit_test(memory_is_the_arenas_and_bounded),
    };
    return cmocka_run_group_tests(tests, types_load, types_unload);
}
