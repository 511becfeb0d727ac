/* SPDX-License-Identifier: MIT */
#include "schema/well_known.h"

#include "base/banned.h"

#define FIELDS_MAX 6

/* The fields of each type are numbered from 1 and have one shape. */
struct known {
    const char *name; /* in google.protobuf */
    enum well_known well_known;
    enum field_shape shape;
    enum field_type types[FIELDS_MAX];
};

static const struct known table[] = {
    {"Any", WELL_KNOWN_ANY, FIELD_SINGULAR, {FIELD_STRING, FIELD_BYTES}},
    {"BoolValue", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_BOOL}},
    {"BytesValue", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_BYTES}},
    {"DoubleValue", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_DOUBLE}},
    {"Duration", WELL_KNOWN_DURATION, FIELD_SINGULAR, {FIELD_INT64, FIELD_INT32}},
    {"FieldMask", WELL_KNOWN_FIELD_MASK, FIELD_REPEATED, {FIELD_STRING}},
    {"FloatValue", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_FLOAT}},
    {"Int32Value", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_INT32}},
    {"Int64Value", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_INT64}},
    {"ListValue", WELL_KNOWN_LIST_VALUE, FIELD_REPEATED, {FIELD_MESSAGE}},
    {"StringValue", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_STRING}},
    {"Struct", WELL_KNOWN_STRUCT, FIELD_MAP, {FIELD_MESSAGE}},
    {"Timestamp", WELL_KNOWN_TIMESTAMP, FIELD_SINGULAR, {FIELD_INT64, FIELD_INT32}},
    {"UInt32Value", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_UINT32}},
    {"UInt64Value", WELL_KNOWN_WRAPPER, FIELD_SINGULAR, {FIELD_UINT64}},
    {"Value",
     WELL_KNOWN_VALUE,
     FIELD_ONEOF,
     {FIELD_ENUM, FIELD_DOUBLE, FIELD_STRING, FIELD_BOOL, FIELD_MESSAGE, FIELD_MESSAGE}},
};

static const struct known *find(struct text full_name)
{
    struct text package = text_literal("google.protobuf.");
    if (full_name.size < package.size || memcmp(full_name.data, package.data, package.size) != 0)
        return NULL;
    struct text name = {full_name.data + package.size, full_name.size - package.size};
    for (size_t i = 0; i < array_length(table); i++)
        if (text_equal(text_of(table[i].name), name))
            return &table[i];
    return NULL;
}

enum well_known well_known_of(struct text full_name)
{
    const struct known *known = find(full_name);
    return known ? known->well_known : WELL_KNOWN_NONE;
}

bool well_known_fits(const struct schema_message *message)
{
    const struct known *known = find(message->full_name);
    if (!known)
        return true;
    size_t count = 0;
    while (count < FIELDS_MAX && known->types[count])
        count++;
    if (message->field_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct schema_field *field = message->by_number[i];
        if (field->number != i + 1 || field->type != known->types[i] ||
            field->shape != known->shape)
            return false;
    }
    return true;
}
