/* SPDX-License-Identifier: MIT */
/* Messages written as lines, "part.owner.id=x", for tests. Include cmocka.h first. */
#pragma once

#include <stdlib.h>

#include "schema/schema.h"

static inline void lines_set_number(enum field_type type, struct text value, void *at)
{
    char text[64];
    assert_true(value.size < sizeof text);
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    uint64_t whole = text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
    if (type == FIELD_FLOAT)
        *(float *)at = strtof(text, NULL);
    else if (type == FIELD_DOUBLE)
        *(double *)at = strtod(text, NULL);
    else if (type == FIELD_BOOL)
        *(protobuf_c_boolean *)at = whole != 0;
    else
        memcpy(at, &whole, schema_type_bytes(type));
}

static inline void lines_set(const struct schema_message *type, ProtobufCMessage *message,
                             struct text path, struct text value, struct arena *arena);

static inline struct text lines_part(struct text *path)
{
    const char *dot = path->size ? memchr(path->data, '.', path->size) : NULL;
    struct text part = {path->data, dot ? (size_t)(dot - path->data) : path->size};
    size_t taken = part.size + (dot ? 1 : 0);
    *path = (struct text){path->data + taken, path->size - taken};
    return part;
}

/* The value at `at`; what is left of the path leads on into a message. */
static inline void lines_set_value(const struct schema_field *field, struct text path,
                                   struct text value, void *at, struct arena *arena)
{
    if (field->type == FIELD_STRING || field->type == FIELD_BYTES) {
        *(ProtobufCBinaryData *)at =
            (ProtobufCBinaryData){value.size, (uint8_t *)(uintptr_t)value.data};
    } else if (field->type == FIELD_MESSAGE) {
        ProtobufCMessage **inner = at;
        if (!*inner)
            *inner = schema_message_new(field->message, arena);
        if (path.size > 0)
            lines_set(field->message, *inner, path, value, arena);
    } else {
        lines_set_number(field->type, value, at);
    }
}

/* Sets the field that a path leads to. A repeated field gets one more element, and a map one more
 * entry, whose key is the next part of the path. */
static inline void lines_set(const struct schema_message *type, ProtobufCMessage *message,
                             struct text path, struct text value, struct arena *arena)
{
    struct text whole = path, name = lines_part(&path);
    const struct schema_field *field = schema_field_by_name(type, name);
    if (!field) {
        fail_msg("%.*s names no field", text_arguments(whole));
        return; /* which clang-tidy does not know to be unreachable */
    }
    void *at = schema_value(message, field);
    if (field->shape == FIELD_REPEATED || field->shape == FIELD_MAP) {
        at = schema_reserve(message, field, 1, arena);
        schema_add_count(message, field, 1);
    }
    if (field->shape == FIELD_MAP) {
        struct text key = lines_part(&path);
        ProtobufCMessage *entry = *(ProtobufCMessage **)at =
            schema_message_new(field->message, arena);
        const struct schema_field *of_key = schema_field_by_number(field->message, 1);
        lines_set_value(of_key, (struct text){"", 0}, key, schema_value(entry, of_key), arena);
        field = schema_field_by_number(field->message, 2);
        at = schema_value(entry, field);
    } else {
        schema_field_mark_present(message, field);
    }
    lines_set_value(field, path, value, at, arena);
}

/* A message of "path=value" lines, whose values are kept where they are. */
static inline ProtobufCMessage *lines_message(const struct schema_message *type, const char *lines,
                                              struct arena *arena)
{
    ProtobufCMessage *message = schema_message_new(type, arena);
    for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *equals = strchr(line, '=');
        assert_non_null(equals);
        lines_set(type, message, (struct text){line, (size_t)(equals - line)},
                  (struct text){equals + 1, strcspn(equals + 1, "\n")}, arena);
    }
    return message;
}
