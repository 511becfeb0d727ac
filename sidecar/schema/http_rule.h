/* SPDX-License-Identifier: MIT */
/*
 * google.api.HttpRule, the HTTP request of a method. A rule is parsed once, at start, against the
 * request type of the method, and expanded for each call. google/api/http.proto defines the syntax
 * and its meaning ("Path template syntax", "Rules for HTTP mapping"). Read-only once parsed: any
 * thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* A resolved path to a field, such as "group.owner.id". */
struct bound_path {
    struct text name; /* as written */
    const struct schema_field **fields;
    size_t depth;
};

struct http_rule_segment; /* schema/http_template.h: fixed text, or a variable */

struct http_rule {
    const struct schema_message *request;
    struct text method;   /* "POST" */
    struct text template; /* as written */
    const struct http_rule_segment *segments;
    size_t segment_count;
    const struct bound_path *variables; /* in the order of the path */
    size_t variable_count;
    bool body_whole;                          /* body: "*" */
    const struct schema_field *body;          /* body: "field"; NULL otherwise */
    const struct schema_field *response_body; /* response_body: "field"; NULL for the whole */
    const struct http_rule *additional;       /* additional_bindings, as declared; they have none */
    size_t additional_count;
};

/*
 * Parses a serialized google.api.HttpRule into the arena. Several occurrences of the option are
 * passed one behind the other, because they are merged. `where` names the method in messages.
 * INVALID_ARGUMENT on
 * - a template that does not parse, or has a segment that servers would resolve ("..");
 * - a variable that does not name a singular scalar field, or names a part of a well-known type;
 * - a body or response_body that does not name a field;
 * - a field in the path that is the body;
 * - without `body: "*"`, a field that is left for the query and does not fit it: a map, a repeated
 * message, a Struct, Value or ListValue;
 * - an additional binding to which any of this applies, that has bindings of its own, or whose
 * response_body is another one;
 * - a rule without a path, a method that is not made of capitals, CONNECT, TRACE, and a part of
 * HttpRule that is not known.
 */
must_use bool http_rule_parse(struct text where, struct text http_rule,
                              const struct schema_message *request,
                              const struct schema_message *response, struct arena *arena,
                              struct http_rule *rule, struct status *status);

/* True when the path carries that field of the request type, so that the body lacks it. A field
 * whose part the path carries is in the body with that part. */
bool http_rule_binds(const struct http_rule *rule, const struct schema_field *field);
