/* SPDX-License-Identifier: MIT */
/*
 * Validation of messages against the rules of buf.validate (constraint/attach.h reads them). The
 * comments of buf/validate/validate.proto (protovalidate) define the rules and name those that are
 * enforced. All others are refused at start, because a rule that is silently ignored would be a
 * hole: CEL in all its forms, predefined rules, rules of messages as a whole and of Any, Duration,
 * Timestamp and FieldMask, well_known_regex, finite, patterns and addresses in bytes. Rules of a
 * scalar are allowed for a wrapper of it. Any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* One violation, in the words of protovalidate. It points into the arena of the validation and into
 * the schema. */
struct violation {
    struct text field;   /* "url_domains[0].name", "labels[\"a\"]", "ports[-1]" */
    struct text rule_id; /* "string.min_len" */
    struct text message; /* "must have at least 3 characters" */
};

/* The number of violations that are listed; further ones are counted. */
#define VALIDATE_VIOLATIONS 32

struct violations {
    struct violation list[VALIDATE_VIOLATIONS];
    size_t count; /* of the list */
    size_t more;  /* not listed */
};

/*
 * Validates a message and the messages in it, and lists all violations. A field with `filled_by`
 * that is still empty is a violation of "required". INVALID_ARGUMENT when there
 * is one; the message names the first few: "name: must have at least 3 characters". A pattern that
 * takes too much work is a violation. RESOURCE_EXHAUSTED when the arena is full; `violations` is
 * not valid then.
 */
must_use bool validate(const struct schema_message *type, const ProtobufCMessage *message,
                       struct arena *arena, struct violations *violations, struct status *status);

/* Writes the rules of a field for people, "have at least 3 characters, …", as the command check
 * prints them. Nothing for NULL. */
void constraints_describe(const struct constraints *constraints, struct buffer *out);
