/* SPDX-License-Identifier: MIT */
#include "schema/type_check.h"

#include "schema/well_known.h"

#include "base/banned.h"

/* The largest field number (protobuf.dev, "Assigning Field Numbers"). */
#define NUMBER_MAX 536870911

static bool is_delimited(const field_proto *proto, const struct features *features)
{
    return proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP ||
           (proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE &&
            features->message != MESSAGE_LENGTH_PREFIXED);
}

bool type_check_field(const message_proto *message, const field_proto *proto,
                      const struct features *features, struct status *status)
{
    int type = (int)proto->type;
    if (proto->number < 1 || proto->number > NUMBER_MAX)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%d is not a field number",
                           proto->number);
    if (type < FIELD_DOUBLE || type > FIELD_SINT64)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%d is not a type of fields", type);
    if (features->is_malformed)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "its features cannot be read");
    if (is_delimited(proto, features))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "groups and messages that are delimited cannot be served");
    if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED ||
        features->presence == PRESENCE_LEGACY_REQUIRED)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "fields that are required on the wire cannot be served");
    if (proto->has_oneof_index &&
        (proto->oneof_index < 0 || (size_t)proto->oneof_index >= message->n_oneof_decl))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "its message has no oneof %d",
                           proto->oneof_index);
    return true;
}

/* The names of fields differ, because they are symbols. */
static bool check_numbers(const struct schema_message *message, struct status *status)
{
    for (size_t i = 1; i < message->field_count; i++)
        if (message->by_number[i - 1]->number == message->by_number[i]->number)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "two of its fields have the same number");
    return true;
}

static bool is_map_key(const struct schema_field *field)
{
    return field->shape == FIELD_SINGULAR && field->type != FIELD_MESSAGE &&
           field->type != FIELD_BYTES && field->type != FIELD_ENUM && field->type != FIELD_FLOAT &&
           field->type != FIELD_DOUBLE;
}

static bool is_map_entry(const struct schema_message *message)
{
    return message->field_count == 2 && message->by_number[0]->number == 1 &&
           message->by_number[1]->number == 2 && is_map_key(message->by_number[0]) &&
           message->by_number[1]->shape == FIELD_SINGULAR;
}

static bool check_form(const struct schema_message *message, const message_proto *proto,
                       struct status *status)
{
    bool entry = proto->options && proto->options->map_entry;
    if (entry ? is_map_entry(message) : well_known_fits(message))
        return true;
    return status_fail(status, STATUS_INVALID_ARGUMENT, "it does not have the fields that a %s has",
                       entry ? "map's entry" : "well-known type of that name");
}

bool type_check_message(const struct schema_message *message, const message_proto *proto,
                        struct status *status)
{
    return check_numbers(message, status) && check_form(message, proto, status);
}
