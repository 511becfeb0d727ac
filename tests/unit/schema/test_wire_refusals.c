/* SPDX-License-Identifier: MIT */
/* Are bytes that break protobuf's encoding, or the reader's bounds, refused without harm? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire_reading.h"

static void must_fail(const char *type, struct text bytes, enum status_code code, const char *why)
{
    scoped(read) struct read read;
    assert_false(read_bytes(&read, type, bytes));
    assert_null(read.message);
    assert_int_equal(read.status.code, code);
    if (!strstr(read.status.message, why))
        fail_msg("\"%s\" does not say \"%s\"", read.status.message, why);
}

static void every_beginning_of_a_message_is_read_or_refused(void **state)
{
    (void)state;
    static const char *const types[][2] = {{"messages/repeateds.binpb", "Repeateds"},
                                           {"messages/maps.binpb", "Maps"},
                                           {"messages/node.binpb", "Node"},
                                           {"messages/scalars.binpb", "Scalars"}};
    for (size_t i = 0; i < array_length(types); i++) {
        struct text bytes = sets_read(SETS_DIR, types[i][0]);
        for (size_t part = 0; part <= bytes.size; part++) {
            char *copy = malloc(part + 1); /* so that reading past its end is seen */
            assert_non_null(copy);
            memcpy(copy, bytes.data, part);
            scoped(read) struct read read;
            if (!read_bytes(&read, types[i][1], (struct text){copy, part}))
                assert_int_equal(read.status.code, STATUS_INVALID_ARGUMENT);
            free(copy);
        }
        free((void *)(uintptr_t)bytes.data);
    }
}

static void text_that_is_not_utf8_is_refused_with_its_field(void **state)
{
    (void)state;
    must_fail("Node", text_literal("\x0a\x01\xff"), STATUS_INVALID_ARGUMENT,
              "test.types.Node.name is not UTF-8");
    must_fail("Everything", text_literal("\x0a\x04\x72\x02\xc0\x80"), STATUS_INVALID_ARGUMENT,
              "test.types.Scalars.a_string is not UTF-8");
    must_fail("Repeateds", text_literal("\x4a\x03\xed\xa0\x80"), STATUS_INVALID_ARGUMENT,
              "test.types.Repeateds.strings");
    scoped(read) struct read read;
    must_read(&read, "Scalars", text_literal("\x7a\x02\xff\x00"));
}

static void text_with_a_nul_is_refused_with_its_field(void **state)
{
    (void)state;
    must_fail("Node",
              text_literal("\x0a\x03"
                           "a\0b"),
              STATUS_INVALID_ARGUMENT, "test.types.Node.name holds a NUL");
}

static void bad_framing_is_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        {"\x00\x00", 2},                                          /* number 0 */
        {"\x02\x00", 2},                                          /* number 0, as bytes */
        {"\x80\x00\x01", 3},                                      /* number 0, two bytes */
        {"\x80\x80\x80\x80\x10\x01", 6},                          /* number of 33 bits */
        {"\x18", 1},                                              /* no value */
        {"\x18\x80", 2},                                          /* half a varint */
        {"\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, /* eleven bytes */
        {"\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 11},     /* 65 bits */
        {"\x09zzzzzzz", 8},                                       /* half a fixed64 */
        {"\x15zzz", 4},                                           /* half a fixed32 */
        {"\x72\x02z", 3},                                         /* too long a string */
        {"\x72\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     /* 2^64 - 1 of it */
        {"\x1b\x1c", 2},                                          /* a group */
        {"\xa3\x06\xa4\x06", 4},                                  /* an unknown group */
        {"\x1c", 1},                                              /* a group's end */
        {"\x1e\x00", 2},                                          /* wire type 6 */
        {"\x1f\x00", 2},                                          /* wire type 7 */
    };
    for (size_t i = 0; i < array_length(bad); i++)
        must_fail("Scalars", bad[i], STATUS_INVALID_ARGUMENT, "test.types.Scalars");
}

static void bad_packing_is_refused_with_its_field(void **state)
{
    (void)state;
    must_fail("Repeateds", text_literal("\x0a\x07zzzzzzz"), STATUS_INVALID_ARGUMENT,
              "test.types.Repeateds.doubles is not packed correctly");
    must_fail("Repeateds", text_literal("\x1a\x02\x01\x80"), STATUS_INVALID_ARGUMENT,
              "test.types.Repeateds.int32s is not packed correctly");
}

/* Node.left, `levels` deep, around an empty node. */
static struct text nest(char *room, size_t bytes, size_t levels)
{
    char *at = room + bytes;
    for (size_t i = 0; i < levels; i++) {
        size_t inside = (size_t)(room + bytes - at);
        if (inside >= 128)
            *--at = (char)(inside >> 7);
        *--at = (char)(inside >= 128 ? (inside & 0x7f) | 0x80 : inside);
        *--at = 0x12;
    }
    return (struct text){at, (size_t)(room + bytes - at)};
}

static void a_hundred_levels_are_read_and_no_more(void **state)
{
    (void)state;
    char room[8192];
    scoped(read) struct read read;
    must_read(&read, "Node", nest(room, sizeof room, WIRE_DEPTH));
    must_fail("Node", nest(room, sizeof room, WIRE_DEPTH + 1), STATUS_INVALID_ARGUMENT,
              "test.types.Node.left is nested too deeply");
}

static void memory_stays_below_the_arenas_limit(void **state)
{
    (void)state;
    static char empty_nodes[1 << 18];
    for (size_t i = 0; i < sizeof empty_nodes; i += 2)
        memcpy(empty_nodes + i, "\x1a\x00", 2);
    must_fail("Node", (struct text){empty_nodes, sizeof empty_nodes}, STATUS_RESOURCE_EXHAUSTED,
              "1048576 bytes");
    static char long_text[2 << 20];
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text, "\x0a\xfc\xff\x7f", 4);
    must_fail("Node", (struct text){long_text, sizeof long_text}, STATUS_RESOURCE_EXHAUSTED,
              "1048576 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_beginning_of_a_message_is_read_or_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_with_its_field),
        cmocka_unit_test(text_with_a_nul_is_refused_with_its_field),
        cmocka_unit_test(bad_framing_is_refused),
        cmocka_unit_test(bad_packing_is_refused_with_its_field),
        cmocka_unit_test(a_hundred_levels_are_read_and_no_more),
        cmocka_unit_test(memory_stays_below_the_arenas_limit),
    };
    return cmocka_run_group_tests(tests, types_load, types_unload);
}
