/* SPDX-License-Identifier: MIT */
/* The query of a request, from its HTTP rule and its message. Pure; any thread. */
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "schema/http_rule.h"
#include "schema/json_style.h"

/* Writes the query, "a=1&b.c=2", of the fields that are present and are neither in the path nor in
 * the body, to an empty buffer; nothing when there are none. Repeated fields repeat their key;
 * fields of messages are dotted; wrappers, Timestamp, Duration and FieldMask have the text of their
 * JSON. INVALID_ARGUMENT, naming the field, on a value without a JSON form; RESOURCE_EXHAUSTED when
 * the arena is full. After a failure the buffer has a part of the query. */
must_use bool query_expand(const struct http_rule *rule, const ProtobufCMessage *message,
                           const struct json_style *style, struct buffer *query,
                           struct status *status);
