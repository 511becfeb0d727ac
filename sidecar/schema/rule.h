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

/* A field inside a message, "group.owner.id", resolved. */
struct field_path {
    struct text name; /* as written */
    const struct schema_field **fields;
    size_t depth;
};

/* One piece of a path: fixed text, or a variable whose value has to match its own template. */
struct rule_segment;

struct rule {
    struct text method;   /* "POST" */
    struct text template; /* as written, for messages and tables */
    const struct rule_segment *segments;
    size_t segment_count;
    const struct field_path *variables; /* in the order of the path */
    size_t variable_count;
    bool body_whole;                        /* body: "*" */
    const struct schema_field *body;        /* body: "field"; NULL otherwise */
    const struct schema_field *answer_body; /* response_body: "field"; NULL for the whole */
};

/*
 * Parses a serialized google.api.HttpRule into the arena. `where` names the method in messages.
 * Fails with INVALID_ARGUMENT on a template that does not parse, a variable that names no singular
 * non-message field, a body that names no field or a field which the path already binds, a custom
 * verb that HTTP does not allow, and no path at all.
 */
must_use bool rule_parse(struct text where, struct text http_rule,
                         const struct schema_message *request, const struct schema_message *answer,
                         struct arena *arena, struct rule *rule, struct status *status);

/*
 * Writes the path, percent-encoded: a single-segment variable encodes all but unreserved
 * characters, a multi-segment one keeps "/" (http.proto). INVALID_ARGUMENT, naming the field, for
 * an empty value, one that does not match its template, and one that makes a "." or ".." segment,
 * which servers would resolve.
 */
must_use bool rule_expand_path(const struct rule *rule, const ProtobufCMessage *message,
                               struct buffer *path, struct status *status);

/* Writes a JSON-free query string, "a=1&b.c=2", of the fields that neither path nor body carries;
 * nothing when there are none. Repeated fields repeat their key; messages are dotted. */
must_use bool rule_expand_query(const struct rule *rule, const struct schema_message *type,
                                const ProtobufCMessage *message, struct buffer *query,
                                struct status *status);

/* True when the path carries that field of the request type. */
bool rule_binds(const struct rule *rule, const struct schema_field *field);
