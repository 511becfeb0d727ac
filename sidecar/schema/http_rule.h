/* SPDX-License-Identifier: MIT */
/*
 * google.api.HttpRule: which HTTP request a method stands for. A rule is parsed once, at start,
 * against the method's request type, and expanded for each call. The syntax and its meaning:
 * google/api/http.proto, "Path template syntax" and "Rules for HTTP mapping". Read-only once
 * parsed: any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* A field inside of messages, "group.owner.id", resolved. */
struct bound_path {
    struct text name; /* as written */
    const struct schema_field **fields;
    size_t depth;
};

struct http_rule_segment; /* schema/http_template.h: fixed text, or a variable */

struct http_rule {
    struct text method;   /* "POST" */
    struct text template; /* as written */
    const struct http_rule_segment *segments;
    size_t segment_count;
    const struct bound_path *variables; /* in the order of the path */
    size_t variable_count;
    bool body_whole;                          /* body: "*" */
    const struct schema_field *body;          /* body: "field"; NULL otherwise */
    const struct schema_field *response_body; /* response_body: "field"; NULL for the whole */
};

/*
 * Parses a serialized google.api.HttpRule into the arena. Several occurrences of the option are
 * handed over one behind the other, since they add up. `where` names the method in messages. Fails
 * with INVALID_ARGUMENT on
 *   a template that does not parse, or has a segment that servers would resolve ("..");
 *   a variable that names no singular scalar field, or a part of a well-known type;
 *   a body or response_body that names no field, and a field that the path binds, or a part of
 * which it binds, while the body carries the whole of it; without `body: "*"`, a field that is left
 * for the query and does not fit one: a map, a repeated message, a well-known type other than
 * wrappers; no path, an HTTP method that is not made of capitals, CONNECT, TRACE, a part of
 * HttpRule that is not known. Additional bindings are other requests that mean the same, and are
 * not used.
 */
must_use bool http_rule_parse(struct text where, struct text http_rule,
                              const struct schema_message *request,
                              const struct schema_message *response, struct arena *arena,
                              struct http_rule *rule, struct status *status);

/*
 * What stands for a value in path and query: numbers in decimal, NaN, Infinity, -Infinity; true and
 * false; enums by number, as in bodies; bytes in base64 of the alphabet for URLs, with padding; a
 * wrapper as its value. All of it percent-encoded but for unreserved characters.
 */

/*
 * Writes the path. A variable of several segments keeps its slashes, one of a single segment
 * encodes them (http.proto). INVALID_ARGUMENT, naming the field, for an empty value, one that does
 * not match its template, a NUL, and a "." or ".." segment or, between slashes that are kept, an
 * empty one, which servers would resolve; RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool http_rule_expand_path(const struct http_rule *rule, const ProtobufCMessage *message,
                                    struct buffer *path, struct status *status);

/* Writes the query, "a=1&b.c=2", of the fields that are present and that neither path nor body
 * carries; nothing when there are none. Repeated fields repeat their key; messages are dotted.
 * RESOURCE_EXHAUSTED when the arena is full. */
must_use bool http_rule_expand_query(const struct http_rule *rule,
                                     const struct schema_message *type,
                                     const ProtobufCMessage *message, struct buffer *query,
                                     struct status *status);

/* True when the path carries that field of the request type. */
bool http_rule_binds(const struct http_rule *rule, const struct schema_field *field);
