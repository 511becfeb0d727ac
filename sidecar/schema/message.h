/* SPDX-License-Identifier: MIT */
/*
 * A message type, built at start from a FileDescriptorSet: the list of fields that the JSON reader
 * and writer, the wire decoder and encoder and the validator use. A type is owned by its schema and
 * read-only once the schema is built: any thread.
 *
 * A message in memory takes `size` bytes. It is pointed to as the ProtobufCMessage that it begins
 * with, whose members are zero, because protobuf-c does not know its type. The value of a field is
 * at `offset`: double, float, int32_t, uint32_t, int64_t, uint64_t, protobuf_c_boolean; enums as
 * int32_t; string and bytes as ProtobufCBinaryData (so that a string keeps its length and a NUL is
 * only a character); messages as ProtobufCMessage *, NULL when absent. A FIELD_SINGULAR has its
 * `offset` as `presence_offset`, too; a FIELD_OPTIONAL scalar has a protobuf_c_boolean there. The
 * members of a oneof share `offset` and a uint32_t at `presence_offset`: the number of the member
 * that is set, or 0. Repeated fields and maps have a size_t count at `presence_offset`, and at
 * `offset` a pointer to the elements (of a map: to ProtobufCMessage * of its entry type, fields 1
 * and 2).
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/text.h"

/* The numbers of FieldDescriptorProto.Type. proto3 has no groups. */
enum field_type {
    FIELD_DOUBLE = 1,
    FIELD_FLOAT = 2,
    FIELD_INT64 = 3,
    FIELD_UINT64 = 4,
    FIELD_INT32 = 5,
    FIELD_FIXED64 = 6,
    FIELD_FIXED32 = 7,
    FIELD_BOOL = 8,
    FIELD_STRING = 9,
    FIELD_MESSAGE = 11,
    FIELD_BYTES = 12,
    FIELD_UINT32 = 13,
    FIELD_ENUM = 14,
    FIELD_SFIXED32 = 15,
    FIELD_SFIXED64 = 16,
    FIELD_SINT32 = 17,
    FIELD_SINT64 = 18,
};

enum field_shape {
    FIELD_SINGULAR, /* does not track presence: absent is the zero value; a message is absent when
                       NULL */
    FIELD_OPTIONAL, /* proto3 `optional` of anything but a message */
    FIELD_ONEOF,
    FIELD_REPEATED,
    FIELD_MAP,
};

/* Types that JSON writes in a form of their own (protobuf.dev/programming-guides/json). */
enum well_known {
    WELL_KNOWN_NONE,
    WELL_KNOWN_ANY,
    WELL_KNOWN_DURATION,
    WELL_KNOWN_FIELD_MASK,
    WELL_KNOWN_LIST_VALUE,
    WELL_KNOWN_STRUCT,
    WELL_KNOWN_TIMESTAMP,
    WELL_KNOWN_VALUE,
    WELL_KNOWN_WRAPPER, /* a wrapper such as Int32Value: the JSON of field 1 */
};

struct schema_enum_value {
    struct text name;
    int32_t number;
};

struct schema_enum {
    struct text full_name;
    const struct schema_enum_value *values; /* as declared; of an alias the first name is written */
    size_t value_count;
    bool is_null_value; /* google.protobuf.NullValue: JSON null */
};

/* Returns the first name of a number; empty when no value has it. */
struct text schema_enum_name(const struct schema_enum *enumeration, int32_t number);

/* The name that a field has in JSON that is written. In JSON that is read a field has all names. */
enum json_names {
    JSON_NAMES_PROTO, /* "order_id", or a json_name that is not the default one */
    JSON_NAMES_JSON,  /* "orderId", the json_name */
    JSON_NAMES_COUNT,
};

struct schema_message;
struct constraints; /* constraint/constraint.h */

struct schema_field {
    struct text name;       /* as the .proto declares it */
    struct text camel_name; /* the same in lowerCamelCase, which is the default json_name */
    struct text json_keys[JSON_NAMES_COUNT]; /* the start of a member: the name in quotes and the
                                                colon */
    uint32_t number;
    enum field_type type;
    enum field_shape shape;
    bool has_wide_presence; /* what is at presence_offset has eight bytes instead of four */
    bool packed; /* a repeated field that is sent as one piece; both forms are accepted */
    size_t offset, presence_offset;
    const struct schema_message *message; /* of FIELD_MESSAGE; of a map, its entry type */
    const struct schema_enum *enumeration;
    struct text oneof;                     /* the name of the oneof that it belongs to, or empty */
    struct text filled_by;                 /* the sidecar's option whose value replaces an empty
                                              value (proto/apig_sidecar/filled_by.proto), or empty */
    struct text fill;                      /* that value, set by fill_attach; empty: none */
    const struct constraints *constraints; /* set by constraint_attach; NULL without constraints */
};

struct schema_field_name {
    struct text name;
    const struct schema_field *field;
};

/* A field that does not fit a query, and its message. */
struct schema_misfit {
    const struct schema_message *message;
    const struct schema_field *field;
};

/* The number of fields whose misfits are kept: the body may be one. */
#define SCHEMA_MISFITS 2

struct schema_holder; /* schema/spread.c */

struct schema_message {
    struct text full_name;             /* "shop.v1.Order" */
    const struct schema_field *fields; /* as declared */
    size_t field_count;
    enum well_known well_known;
    size_t size;
    const struct constraints *
        constraints; /* of the message itself; set by constraint_attach; NULL without constraints */
    bool has_constraints; /* set by constraint_attach: the message, or one that it can hold, has
                             constraints */
    const struct schema_field *const *by_number; /* sorted, as the names */
    const struct schema_field_name *by_name;     /* the names in the .proto, one for each field */
    const struct schema_field_name *json_names;  /* all names that fields have in JSON */
    size_t json_name_count;
    const uint32_t *json_slots; /* a hash table of indexes into json_names, from 1; 0 is free */
    unsigned json_slot_bits;    /* the table has 2^json_slot_bits slots */

    /* Of schema/spread.h: the types of whose fields it is one, and a link. */
    const struct schema_holder *holders;
    struct schema_message *next_reached;

    /* Of schema/query_fit.h: a misfit in it or in what it holds, with a field of NULL when there is
     * none; and its first fields that are, or hold, one. */
    struct schema_misfit misfit;
    const struct schema_field *misfits[SCHEMA_MISFITS];
};

/* Compares names in the order of look-ups: by length, then by their bytes. Negative, 0 or positive.
 */
int schema_compare_names(struct text a, struct text b);

/* The size of one value of that type, in a message or as an element of a repeated field. */
size_t schema_type_bytes(enum field_type type);

/* Returns the name of a field in JSON that is written with these names. */
static inline struct text schema_json_name(const struct schema_field *field, enum json_names names)
{
    struct text key = field->json_keys[names];
    return (struct text){key.data + 1, key.size - 3};
}

/* Finds a field by its name in the .proto; NULL when the message does not have it. */
const struct schema_field *schema_field_by_name(const struct schema_message *message,
                                                struct text name);

/* Finds a name that a field has in JSON: that of the .proto, the json_name, or lowerCamelCase
 * unless that is a name of another field. Returns an element of json_names, or NULL. */
const struct schema_field_name *schema_find_json_name(const struct schema_message *message,
                                                      struct text name);

/* Returns the slot of json_slots in which a name is, or the free one that it would take. At least
 * one slot is free. */
size_t schema_json_slot(const struct schema_message *message, struct text name);

const struct schema_field *schema_field_by_number(const struct schema_message *message,
                                                  uint32_t number);

/* Makes a message whose fields are all absent; NULL as for arena_alloc. */
must_use ProtobufCMessage *schema_message_new(const struct schema_message *message,
                                              struct arena *arena);

/* Returns a view of the string or bytes at `at`, a value of such a field. */
static inline struct text schema_text(const void *at)
{
    const ProtobufCBinaryData *data = at;
    return (struct text){(const char *)data->data, data->len};
}

/* Returns the place of the value of a field. A caller with a const message only reads it. */
static inline void *schema_value(const ProtobufCMessage *message, const struct schema_field *field)
{
    return (char *)(uintptr_t)message + field->offset;
}

/* Whether the field holds any number of values: a repeated field or a map. */
static inline bool schema_is_list(const struct schema_field *field)
{
    return field->shape == FIELD_REPEATED || field->shape == FIELD_MAP;
}

/* Returns the number of elements of a repeated field or a map. */
static inline size_t schema_count(const ProtobufCMessage *message, const struct schema_field *field)
{
    return *(const size_t *)((const char *)message + field->presence_offset);
}

/* Adds `more` to the number of elements, which were reserved. */
static inline void schema_add_count(ProtobufCMessage *message, const struct schema_field *field,
                                    size_t more)
{
    *(size_t *)((char *)message + field->presence_offset) += more;
}

/* Removes all elements. */
static inline void schema_clear_list(ProtobufCMessage *message, const struct schema_field *field)
{
    *(size_t *)((char *)message + field->presence_offset) = 0;
}

/* True when the field would be sent on the wire: a field that tracks presence is set, another one
 * is not zero or not empty. A text begins with its length; of a number any bit counts, because -0.0
 * is not the zero value of a double. */
static inline bool schema_field_present(const ProtobufCMessage *message,
                                        const struct schema_field *field)
{
    uint32_t narrow;
    uint64_t wide;
    const void *presence = (const char *)message + field->presence_offset;
    if (field->has_wide_presence) {
        memcpy(&wide, presence, sizeof wide);
        return wide != 0;
    }
    memcpy(&narrow, presence, sizeof narrow);
    return field->shape == FIELD_ONEOF ? narrow == field->number : narrow != 0;
}

/*
 * Reserves room for `more` elements, at least one, at the end of a repeated field or a map, and
 * returns it. The new elements are zeroed and not yet counted: the caller fills them and calls
 * schema_add_count. Elements that the field has were reserved in the same way. NULL as for
 * arena_alloc.
 */
must_use void *schema_reserve(ProtobufCMessage *message, const struct schema_field *field,
                              size_t more, struct arena *arena);

/* Marks a field that tracks presence as set; does nothing for others. Marking the member of a oneof
 * unsets the other members. */
void schema_field_mark_present(ProtobufCMessage *message, const struct schema_field *field);
