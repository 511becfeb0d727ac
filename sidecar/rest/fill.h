/* SPDX-License-Identifier: MIT */
/*
 * Fields of a request that the sidecar fills in when they are empty, with the value of the option
 * that the .proto names (proto/apig_sidecar/filled_by.proto). The values are attached to the schema
 * once, at start, by one thread; filling a message is pure: any thread.
 */
#pragma once

#include "base/status.h"
#include "schema/schema.h"

/* The options that a field may be filled by. */
struct fill_source {
    /* Finds an option by its name without "--"; false when no text option has that name. `value` is
     * NULL when the option has no value, and outlives the schema. */
    bool (*find)(const void *context, struct text option, const char **value);
    const void *context;
};

/* Attaches the values, before schema_serve. A type is refused, with a reason that names file,
 * message and field, when a field of it names an unknown option, or is not a field of a request
 * itself, so that it would not be filled. */
void fill_attach(struct schema *schema, const struct fill_source *source);

/* Fills the fields of a request that are absent or empty. The message shares the values. */
void fill_message(const struct schema_message *type, ProtobufCMessage *message);

/* True when the request has a field that this option fills, and it is empty. */
bool fill_is_missing(const struct schema_message *type, const ProtobufCMessage *message,
                     struct text option);

/* Sets the fields that this option fills, unless `value` is empty. The message shares the value. */
void fill_with(const struct schema_message *type, ProtobufCMessage *message, struct text option,
               struct text value);

/* The value of the field that this option fills, as a view of the message; empty without such a
 * field. */
struct text fill_value(const struct schema_message *type, const ProtobufCMessage *message,
                       struct text option);
