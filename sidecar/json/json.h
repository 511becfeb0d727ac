/* SPDX-License-Identifier: MIT */
/*
 * Conversion of messages to JSON and back, driven by their types, without a tree in between. The
 * JSON form of each type is that of the Protobuf documentation
 * (protobuf.dev/programming-guides/json), but names are those of the .proto and 64-bit integers are
 * numbers unless the style says otherwise, as the upstream writes them. All memory comes from the
 * arena. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/json_style.h"
#include "schema/message.h"

/* Bounds on the documents that are read. Zero stands for the default. */
struct json_limits {
    size_t depth; /* nesting of objects and arrays; default 64 */
    size_t
        names; /* members in one object that are not fields, and members of a map; default 4096 */
};

/*
 * Writes the fields of the message that are present (schema_field_present). Members of the top
 * level for which `left_out` (may be NULL) returns true are left out. Fails with INVALID_ARGUMENT,
 * naming the field, on a value without a JSON form (a Timestamp out of range, a Value that is not
 * set, Any), and with RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool json_write(const struct schema_message *type, const ProtobufCMessage *message,
                         const struct json_style *style,
                         bool (*left_out)(const struct schema_field *field, const void *context),
                         const void *context, struct buffer *out, struct status *status);

/* Writes the value of one field, for bodies that consist of a field; the value of a repeated field
 * is an array. Fails as json_write. */
must_use bool json_write_field(const struct schema_field *field, const ProtobufCMessage *message,
                               const struct json_style *style, struct buffer *out,
                               struct status *status);

/*
 * Called for a member whose value cannot be read as the type of its field, with the path of the
 * member ("url_domains[0].id") and the reason. The reader goes on with that member absent: the
 * innermost one, but a list or a map as a whole. Without this function such a member is a failure.
 * Malformed JSON always is.
 */
typedef void json_unreadable(struct text path, const struct status *why, void *context);

struct json_read_options {
    struct json_limits limits;
    bool strict; /* refuses unknown members, a field under two names and the liberties of some
                    servers: a number where a string is declared, a bool or the number of an enum
                    in quotes */
    json_unreadable *unreadable;
    void *context;
};

/* Returns the text without a byte order mark in front, which a reader may ignore (RFC 8259
 * section 8.1). */
struct text json_without_mark(struct text json);

/*
 * Reads one JSON object into a new message, which may hold views of `json`; `json` has to outlive
 * it. A string is accepted as the number that it holds, and a number where a string is declared as
 * the text that it is written in ("1e2"); whole numbers may have a fraction or an exponent that
 * leaves them whole ("1.0"), and never lose a digit. A field has each of its names
 * (schema_find_json_name). null means absent. Members that are not fields
 * are checked and skipped, and so is a field's second member, under another name. INVALID_ARGUMENT,
 * with the offset of the byte or the path of the member, on text that is not JSON (RFC 8259), a
 * second member of the same name in any object, bad UTF-8, lone surrogates, text behind the end, a
 * value that its field cannot hold without loss, two members of a oneof, and more depth or members
 * than the limits; RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool json_read(const struct schema_message *type, struct text json,
                        const struct json_read_options *options, struct arena *arena,
                        ProtobufCMessage **message, struct status *status);

/* The same for a document that is the value of one field. Sets that field, which is absent, of an
 * existing message. */
must_use bool json_read_field(const struct schema_field *field, struct text json,
                              const struct json_read_options *options, struct arena *arena,
                              ProtobufCMessage *message, struct status *status);

/*
 * Visits a document without a type, such as the body of an error: reads one value and calls `visit`
 * for each string and number with its path ("error.code", "details[0].code"), until `visit` returns
 * false; the rest is only checked. Fails as json_read when the document is not JSON, also behind
 * the values that were visited.
 */
must_use bool json_visit(struct text json, const struct json_limits *limits, struct arena *arena,
                         bool (*visit)(struct text path, struct text value, bool is_string,
                                       void *context),
                         void *context, struct status *status);
