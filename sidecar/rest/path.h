/* SPDX-License-Identifier: MIT */
/* The path of a request, from its HTTP rule and its message. Pure; any thread. */
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "schema/http_rule.h"
#include "schema/json_style.h"

/*
 * Writes the path. A variable of several segments keeps its slashes; a variable of one segment
 * encodes them (http.proto). INVALID_ARGUMENT, naming the field, for an empty value, a value that
 * does not match its template, a NUL, a "." or ".." segment and, between slashes that are kept, an
 * empty segment, because servers would resolve them; RESOURCE_EXHAUSTED when the arena is full.
 * After a failure the buffer has a part of the path.
 */
must_use bool path_expand(const struct http_rule *rule, const ProtobufCMessage *message,
                          const struct json_style *style, struct buffer *path,
                          struct status *status);
