/* SPDX-License-Identifier: MIT */
/* Do bytes become the message that protobuf's encoding gives them? */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire_reading.h"

static void *value(const ProtobufCMessage *message, const char *type, const char *name)
{
    return schema_value(message, sets_field(sets_type(&sets, type), name));
}

static size_t count(const ProtobufCMessage *message, const char *type, const char *name)
{
    return schema_count(message, sets_field(sets_type(&sets, type), name));
}

static bool present(const ProtobufCMessage *message, const char *type, const char *name)
{
    return schema_field_present(message, sets_field(sets_type(&sets, type), name));
}

static int32_t int32_of(const ProtobufCMessage *message, const char *type, const char *name)
{
    return *(int32_t *)value(message, type, name);
}

static const ProtobufCMessage *message_of(const ProtobufCMessage *message, const char *type,
                                          const char *name)
{
    return *(ProtobufCMessage **)value(message, type, name);
}

static void assert_text(const void *slot, const char *wanted)
{
    const ProtobufCBinaryData *data = slot;
    assert_int_equal(data->len, strlen(wanted));
    if (data->len)
        assert_memory_equal(data->data, wanted, data->len);
}

static void round_trip(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "messages/%s.txtpb", name);
    struct text source = sets_read(TESTS_DIR "/unit/schema", path);
    char type[128];
    assert_int_equal(snprintf(type, sizeof type, "%.*s", (int)strcspn(source.data + 28, "\n"),
                              source.data + 28) > 0,
                     1);
    snprintf(path, sizeof path, "messages/%s.binpb", name);
    struct text bytes = sets_read(SETS_DIR, path);
    scoped(read) struct read read;
    must_read(&read, type, bytes);
    size_t packed = wire_size(sets_type(&sets, type), read.message);
    char *again = malloc(packed + 1);
    assert_non_null(again);
    wire_pack(sets_type(&sets, type), read.message, packed, again);
    if (packed != bytes.size || (packed && memcmp(again, bytes.data, packed) != 0))
        fail_msg("%s: packed again it has %zu bytes instead of the same %zu", name, packed,
                 bytes.size);
    free(again);
    free((void *)(uintptr_t)bytes.data);
    free((void *)(uintptr_t)source.data);
}

static void bytes_of_googles_writer_are_read_and_packed_to_the_same_bytes(void **state)
{
    (void)state;
    DIR *folder = opendir(TESTS_DIR "/unit/schema/messages");
    assert_non_null(folder);
    size_t files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *end = strstr(entry->d_name, ".txtpb");
        if (!end)
            continue;
        *end = '\0';
        round_trip(entry->d_name);
        files++;
    }
    closedir(folder);
    assert_true(files >= 12);
}

static void the_message_keeps_nothing_of_the_bytes(void **state)
{
    (void)state;
    char bytes[] = "\x0a\x03"
                   "abc";
    scoped(read) struct read read;
    must_read(&read, "Node", (struct text){bytes, sizeof bytes - 1});
    memset(bytes, 'x', sizeof bytes);
    assert_text(value(read.message, "Node", "name"), "abc");
}

static void no_bytes_are_an_empty_message(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Scalars", (struct text){NULL, 0});
    assert_false(present(read.message, "Scalars", "a_string"));
}

static void the_last_scalar_wins(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Scalars",
              text_literal("\x18\x01\x18\x02\x72\x01"
                           "a\x72\x00"));
    assert_int_equal(int32_of(read.message, "Scalars", "an_int32"), 2);
    assert_text(value(read.message, "Scalars", "a_string"), "");
}

static void the_pieces_of_a_message_are_merged(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Everything",
              text_literal("\x0a\x02\x18\x05\x2a\x02\x10\x07"
                           "\x0a\x02\x28\x06\x2a\x02\x30\x01"));
    const ProtobufCMessage *scalars = message_of(read.message, "Everything", "scalars");
    assert_int_equal(int32_of(scalars, "Scalars", "an_int32"), 5);
    assert_int_equal(int32_of(scalars, "Scalars", "a_uint32"), 6);
    const ProtobufCMessage *choice = message_of(read.message, "Everything", "choice");
    assert_int_equal(int32_of(choice, "Choice", "number"), 7);
    assert_true(present(choice, "Choice", "yes"));
}

static void the_pieces_of_a_oneofs_message_are_merged(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Choice", text_literal("\x22\x02\x18\x05\x22\x02\x28\x06"));
    const ProtobufCMessage *scalars = message_of(read.message, "Choice", "scalars");
    assert_int_equal(int32_of(scalars, "Scalars", "an_int32"), 5);
    assert_int_equal(int32_of(scalars, "Scalars", "a_uint32"), 6);
}

static void another_member_of_a_oneof_replaces_the_first(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Choice", text_literal("\x22\x02\x18\x05\x1a\x01x\x22\x02\x28\x06"));
    const ProtobufCMessage *scalars = message_of(read.message, "Choice", "scalars");
    assert_int_equal(int32_of(scalars, "Scalars", "an_int32"), 0);
    assert_int_equal(int32_of(scalars, "Scalars", "a_uint32"), 6);
    assert_false(present(read.message, "Choice", "text"));
}

static void packed_and_unpacked_elements_are_both_read(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Repeateds", text_literal("\x18\x01\x1a\x03\x02\x03\x04\x18\x05\x1a\x00"));
    assert_int_equal(count(read.message, "Repeateds", "int32s"), 5);
    const int32_t *numbers = *(int32_t **)value(read.message, "Repeateds", "int32s");
    for (int i = 0; i < 5; i++)
        assert_int_equal(numbers[i], i + 1);
    scoped(read) struct read other;
    must_read(&other, "Unpacked", text_literal("\x0a\x03\x02\x03\x04\x08\x05"));
    assert_int_equal(count(other.message, "Unpacked", "int32s"), 4);
}

static void an_element_that_comes_in_a_row_keeps_its_order(void **state)
{
    (void)state;
    char bytes[3000];
    for (size_t i = 0; i < 1000; i++)
        memcpy(bytes + 3 * i, (char[]){0x18, (char)(0x80 | (i & 0x7f)), (char)(i >> 7)}, 3);
    scoped(read) struct read read;
    must_read(&read, "Repeateds", (struct text){bytes, sizeof bytes});
    assert_int_equal(count(read.message, "Repeateds", "int32s"), 1000);
    const int32_t *numbers = *(int32_t **)value(read.message, "Repeateds", "int32s");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    scoped(read) struct read read;
    /* Field 100 in each wire type, then an_int32 as bytes, as 64 and as 32 bits, then itself. */
    must_read(&read, "Scalars",
              text_literal("\xa0\x06\x01\xa1\x06zzzzzzzz\xa2\x06\x02zz\xa5\x06zzzz"
                           "\x1a\x01z\x19zzzzzzzz\x1dzzzz\x18\x07"));
    assert_int_equal(int32_of(read.message, "Scalars", "an_int32"), 7);
    assert_int_equal(read.message->n_unknown_fields, 0);
}

static void a_varint_is_cut_to_the_width_of_its_field(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Scalars",
              text_literal("\x18\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x28\x81\x80\x80\x80\x10"
                           "\x68\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x38\xff\xff\xff\xff\x1f"));
    assert_int_equal(int32_of(read.message, "Scalars", "an_int32"), -2);
    assert_int_equal(int32_of(read.message, "Scalars", "a_uint32"), 1);
    assert_int_equal(int32_of(read.message, "Scalars", "a_bool"), 1);
    assert_int_equal(int32_of(read.message, "Scalars", "a_sint32"), INT32_MIN);
}

static void a_map_has_each_key_once_with_its_last_value(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Maps",
              text_literal("\x0a\x06\x0a\x01"
                           "b\x12\x01"
                           "1\x0a\x06\x0a\x01"
                           "a\x12\x01"
                           "2\x0a\x06\x0a\x01"
                           "b\x12\x01"
                           "3\x0a\x00\x0a\x03\x12\x01"
                           "4"));
    assert_int_equal(count(read.message, "Maps", "texts"), 3);
    const struct schema_message *entry = sets_field(sets_type(&sets, "Maps"), "texts")->message;
    ProtobufCMessage **entries = *(ProtobufCMessage ***)value(read.message, "Maps", "texts");
    static const char *const wanted[][2] = {{"", "4"}, {"a", "2"}, {"b", "3"}};
    for (size_t i = 0; i < 3; i++) {
        assert_text(schema_value(entries[i], &entry->fields[0]), wanted[i][0]);
        assert_text(schema_value(entries[i], &entry->fields[1]), wanted[i][1]);
    }
}

static void a_maps_entry_always_has_its_value(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Maps", text_literal("\x12\x02\x08\x07"));
    const struct schema_message *entry = sets_field(sets_type(&sets, "Maps"), "scalars")->message;
    ProtobufCMessage **entries = *(ProtobufCMessage ***)value(read.message, "Maps", "scalars");
    assert_non_null(*(ProtobufCMessage **)schema_value(entries[0], &entry->fields[1]));
}

static void a_map_in_a_message_of_pieces_is_one_map(void **state)
{
    (void)state;
    scoped(read) struct read read;
    must_read(&read, "Everything",
              text_literal("\x3a\x08\x0a\x06\x0a\x01"
                           "a\x12\x01"
                           "1\x3a\x08\x0a\x06\x0a\x01"
                           "a\x12\x01"
                           "2"));
    const ProtobufCMessage *maps = message_of(read.message, "Everything", "maps");
    assert_int_equal(count(maps, "Maps", "texts"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_googles_writer_are_read_and_packed_to_the_same_bytes),
        cmocka_unit_test(the_message_keeps_nothing_of_the_bytes),
        cmocka_unit_test(no_bytes_are_an_empty_message),
        cmocka_unit_test(the_last_scalar_wins),
        cmocka_unit_test(the_pieces_of_a_message_are_merged),
        cmocka_unit_test(the_pieces_of_a_oneofs_message_are_merged),
        cmocka_unit_test(another_member_of_a_oneof_replaces_the_first),
        cmocka_unit_test(packed_and_unpacked_elements_are_both_read),
        cmocka_unit_test(an_element_that_comes_in_a_row_keeps_its_order),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(a_varint_is_cut_to_the_width_of_its_field),
        cmocka_unit_test(a_map_has_each_key_once_with_its_last_value),
        cmocka_unit_test(a_maps_entry_always_has_its_value),
        cmocka_unit_test(a_map_in_a_message_of_pieces_is_one_map),
    };
    return cmocka_run_group_tests(tests, types_load, types_unload);
}
