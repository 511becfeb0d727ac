/* SPDX-License-Identifier: MIT */
/* The body of an HTTP answer: its plain bytes, and a success to the method's answer message. Pure;
 * any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "json/json.h"
#include "schema/schema.h"

/*
 * Inflates a body that the upstream compressed although requests say "Accept-Encoding: identity":
 * gzip, whether or not Content-Encoding names it, and deflate. Other bodies stay as they are. The
 * plain bytes are the arena's. RESOURCE_EXHAUSTED when they are more than `most` or the arena is
 * full, INVALID_ARGUMENT when the body cannot be inflated.
 */
must_use bool response_inflate(struct http_response *response, size_t most, struct arena *arena,
                               struct status *status);

/*
 * Reads the body. A member that cannot be read is told to `unreadable` (may be NULL) and left
 * absent; but the fields that the .proto calls required have to be there. The body's bytes must
 * outlive the message. UNKNOWN when it cannot be read: the upstream said yes, and what it did is
 * not known. The message has the upstream's words when the body is one of an error, and those may
 * repeat the credential.
 */
must_use bool response_decode(const struct schema_method *method,
                              const struct http_response *response, struct arena *arena,
                              json_unreadable *unreadable, void *context,
                              ProtobufCMessage **message, struct status *status);
