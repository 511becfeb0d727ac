/* SPDX-License-Identifier: MIT */
/*
 * buf.validate rules: read once at start from a field's options, checked for each request. What the
 * vocabulary means: buf/validate/validate.proto (protovalidate), whose comments say which of it is
 * enforced. All else is refused at start, since a rule silently ignored would be a hole: CEL in all
 * its forms, predefined rules, rules of messages as a whole and of Any, Duration, Timestamp and
 * FieldMask, well_known_regex, finite, patterns and addresses in bytes. Rules of a scalar may stand
 * on a wrapper of it. Read-only once parsed: any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* One broken rule, in the words of protovalidate. It points into the arena of the check and into
 * the schema. */
struct violation {
    struct text field;   /* "url_domains[0].name", "labels[\"a\"]", "ports[-1]" */
    struct text rule_id; /* "string.min_len" */
    struct text message; /* "must have at least 3 characters" */
};

/* More than a person reads; further ones are counted only. */
#define VALIDATE_VIOLATIONS 32

struct violations {
    struct violation list[VALIDATE_VIOLATIONS];
    size_t count; /* of the list */
    size_t more;  /* not listed */
};

/*
 * Checks a message and all it holds, collecting every violation. INVALID_ARGUMENT when there is
 * one, its message a sentence of the first few: "name: must have at least 3 characters". A pattern
 * that takes too much work is a violation. RESOURCE_EXHAUSTED when the arena is full, whatever
 * `violations` has then.
 */
must_use bool validate(const struct schema_message *type, const ProtobufCMessage *message,
                       struct arena *arena, struct violations *violations, struct status *status);

/* Writes the rules of a field as a person would say them, "3 to 255 characters, pattern …", for the
 * table of `check`. */
void constraints_describe(const struct constraints *constraints, struct buffer *out);
