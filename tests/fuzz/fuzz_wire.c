/* SPDX-License-Identifier: MIT */
/*
 * Can any bytes break the wire reader? They are read as a message type that has every kind of
 * field and contains itself. The message is packed, read and packed again: both results must be
 * equal.
 */
#include "schema/wire.h"

#include <assert.h>
#include <stdlib.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "message_type.h"
#include "schema/schema.h"

#define SET_BYTES 4096
#define ARENA_BYTES (4 << 20)

enum label { ONE = 1, MANY = 3 };

struct declared {
    const char *name, *type_name;
    int32_t number;
    enum label label;
    enum field_type type;
    bool in_oneof;
};

static const struct declared message_fields[] = {
    {"text", NULL, 1, ONE, FIELD_STRING, false},
    {"self", ".M", 2, ONE, FIELD_MESSAGE, false},
    {"selves", ".M", 3, MANY, FIELD_MESSAGE, false},
    {"map", ".M.E", 4, MANY, FIELD_MESSAGE, false},
    {"either", NULL, 5, ONE, FIELD_BYTES, true},
    {"or_self", ".M", 6, ONE, FIELD_MESSAGE, true},
    {"or_number", NULL, 7, ONE, FIELD_SINT64, true},
    {"ints", NULL, 8, MANY, FIELD_INT32, false},
    {"doubles", NULL, 9, MANY, FIELD_DOUBLE, false},
    {"texts", NULL, 10, MANY, FIELD_STRING, false},
    {"boolean", NULL, 11, ONE, FIELD_BOOL, false},
    {"zigzag", NULL, 1000, MANY, FIELD_SINT32, false},
};

static const struct declared entry_fields[] = {
    {"key", NULL, 1, ONE, FIELD_STRING, false},
    {"value", ".M", 2, ONE, FIELD_MESSAGE, false},
};

typedef Google__Protobuf__FieldDescriptorProto field_proto;

static void describe(const struct declared *declared, size_t count, field_proto *fields,
                     field_proto **pointers)
{
    for (size_t i = 0; i < count; i++) {
        google__protobuf__field_descriptor_proto__init(&fields[i]);
        fields[i].name = (char *)(uintptr_t)declared[i].name;
        fields[i].has_number = true;
        fields[i].number = declared[i].number;
        fields[i].has_label = true;
        fields[i].label = (Google__Protobuf__FieldDescriptorProto__Label)declared[i].label;
        fields[i].has_type = true;
        fields[i].type = (Google__Protobuf__FieldDescriptorProto__Type)declared[i].type;
        fields[i].type_name = (char *)(uintptr_t)declared[i].type_name;
        fields[i].has_oneof_index = declared[i].in_oneof;
        pointers[i] = &fields[i];
    }
}

static const struct schema_message *build_type(void)
{
    static uint8_t bytes[SET_BYTES];
    field_proto fields[array_length(message_fields)], *field_at[array_length(message_fields)];
    field_proto parts[array_length(entry_fields)], *part_at[array_length(entry_fields)];
    describe(message_fields, array_length(message_fields), fields, field_at);
    describe(entry_fields, array_length(entry_fields), parts, part_at);

    Google__Protobuf__MessageOptions options = GOOGLE__PROTOBUF__MESSAGE_OPTIONS__INIT;
    options.has_map_entry = options.map_entry = true;
    Google__Protobuf__DescriptorProto entry = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    entry.name = (char[]){"E"};
    entry.options = &options;
    entry.n_field = array_length(entry_fields);
    entry.field = part_at;

    Google__Protobuf__OneofDescriptorProto oneof = GOOGLE__PROTOBUF__ONEOF_DESCRIPTOR_PROTO__INIT;
    oneof.name = (char[]){"choice"};
    Google__Protobuf__DescriptorProto message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    message.name = (char[]){"M"};
    message.n_field = array_length(message_fields);
    message.field = field_at;
    message.n_nested_type = 1;
    message.nested_type = (Google__Protobuf__DescriptorProto *[]){&entry};
    message.n_oneof_decl = 1;
    message.oneof_decl = (Google__Protobuf__OneofDescriptorProto *[]){&oneof};

    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    file.name = (char[]){"m.proto"};
    file.syntax = (char[]){"proto3"};
    file.n_message_type = 1;
    file.message_type = (Google__Protobuf__DescriptorProto *[]){&message};
    Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    set.n_file = 1;
    set.file = (Google__Protobuf__FileDescriptorProto *[]){&file};
    assert(protobuf_c_message_get_packed_size(&set.base) <= sizeof bytes);
    size_t size = protobuf_c_message_pack(&set.base, bytes);

    static struct schema *schema; /* kept, as the type is its own */
    struct status status;
    if (!schema_new_types((struct text){(char *)bytes, size}, &schema, &status))
        abort();
    return message_type(schema, text_literal("M"));
}

static struct text pack(const struct schema_message *type, const ProtobufCMessage *message)
{
    size_t size = wire_size(type, message);
    char *bytes = malloc(size + 1);
    assert(bytes);
    wire_pack(type, message, size, bytes);
    return (struct text){bytes, size};
}

/* False when the bytes are not a message. */
static bool read_and_pack(const struct schema_message *type, struct text bytes, struct text *packed)
{
    struct arena arena;
    struct status status;
    ProtobufCMessage *message;
    arena_init(&arena, ARENA_BYTES);
    bool read = wire_unpack(type, bytes, &arena, &message, &status);
    if (read)
        *packed = pack(type, message);
    arena_clear(&arena);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct schema_message *type;
    if (!type)
        type = build_type();
    struct text once, twice;
    if (!read_and_pack(type, (struct text){(const char *)data, size}, &once))
        return 0;
    if (!read_and_pack(type, once, &twice) || !text_equal(once, twice))
        abort();
    free((void *)(uintptr_t)once.data);
    free((void *)(uintptr_t)twice.data);
    return 0;
}
