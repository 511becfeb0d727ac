/* SPDX-License-Identifier: MIT */
/*
 * Messages to JSON and back, bound to their types: no tree in between. JSON's form of each type is
 * the protobuf documentation's (protobuf.dev/programming-guides/json), but names are the proto's
 * own and 64-bit integers are numbers, as the upstream speaks. Memory is the arena's. Pure; any
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* Bounds on what is read. Zero means the default. */
struct json_limits {
    size_t depth; /* of objects and arrays; default 64 */
    size_t names; /* of members in one object that are no fields, and of a map; default 4096 */
};

enum json_names {
    JSON_NAMES_PROTO, /* "sl_domain" */
    JSON_NAMES_CAMEL, /* "slDomain" */
};

enum json_integers {
    JSON_INT64_NUMBER, /* 9007199254740993 */
    JSON_INT64_STRING, /* "9007199254740993" */
};

struct json_style {
    enum json_names names;
    enum json_integers int64;
    bool enums_as_numbers;
    bool indented; /* two spaces, for people */
};

/*
 * Writes the message, only those fields that are present (schema_field_present). Members for which
 * `left_out` (may be NULL) is true are left out, at the top level only. Fails with
 * INVALID_ARGUMENT, naming the field, on what has no JSON form (a Timestamp out of range, a Value
 * that is not set, Any); RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool json_write(const struct schema_message *type, const ProtobufCMessage *message,
                         const struct json_style *style,
                         bool (*left_out)(const struct schema_field *field, const void *context),
                         const void *context, struct buffer *out, struct status *status);

/* One value of a field, for response and request bodies that are a field: an array for a repeated
 * one. */
must_use bool json_write_field(const struct schema_field *field, const ProtobufCMessage *message,
                               const struct json_style *style, struct buffer *out,
                               struct status *status);

/*
 * What to do with a member whose value cannot be read as its field's type: NULL, or a function that
 * is told the member's path ("url_domains[0].id") and why, and lets the reader go on with that
 * member absent: the innermost one, but a list or map as a whole. Malformed JSON always fails.
 */
typedef void json_unreadable(struct text path, const struct status *why, void *context);

struct json_read_options {
    struct json_limits limits;
    bool camel_names; /* lowerCamelCase names are read as well */
    bool strict; /* unknown members are refused, and what only some servers write: a number where a
                    string is declared, a bool or an enum's number in quotes */
    json_unreadable *unreadable;
    void *context;
};

/* The text without a byte order mark in front, which a reader may ignore (RFC 8259 section 8.1). */
struct text json_without_mark(struct text json);

/*
 * Reads one JSON object into a new message. The message may hold views of `json`, which has to
 * outlive it. A string is read as the number that it holds, and a number where a string is declared
 * as it is written ("1e2"); whole numbers may have a fraction or an exponent that leaves them whole
 * ("1.0"), and never lose a digit. null is absent; members of no field are skipped, but have to be
 * JSON.
 * INVALID_ARGUMENT, with the byte's offset or the member's path, on what is not JSON (RFC 8259), a
 * second member of the same name in any object, also under a field's other name, bad UTF-8, lone
 * surrogates, text behind the end, a value that its field cannot hold without loss, two members of
 * a oneof, and more depth or members than the limits; RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool json_read(const struct schema_message *type, struct text json,
                        const struct json_read_options *options, struct arena *arena,
                        ProtobufCMessage **message, struct status *status);

/* The same for a document that is one field's value: sets that field, which is absent, of an
 * existing message. */
must_use bool json_read_field(const struct schema_field *field, struct text json,
                              const struct json_read_options *options, struct arena *arena,
                              ProtobufCMessage *message, struct status *status);

/*
 * A schema-free walk for documents without a type (error bodies): reads one value and calls `visit`
 * for each string and number with its path ("error.code", "details[0].code"), until it returns
 * false; the rest is only checked. Fails as json_read does when the document is not JSON, also
 * behind what was visited.
 */
must_use bool json_visit(struct text json, const struct json_limits *limits, struct arena *arena,
                         bool (*visit)(struct text path, struct text value, bool is_string,
                                       void *context),
                         void *context, struct status *status);
