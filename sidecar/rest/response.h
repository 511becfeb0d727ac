/* SPDX-License-Identifier: MIT */
/* The body of an HTTP response: decompression, and decoding of a success into the response message
 * of the method. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "json/json.h"
#include "schema/schema.h"

/*
 * Inflates a body that the upstream compressed although requests have "Accept-Encoding: identity":
 * gzip, whether or not Content-Encoding names it, and deflate. Other bodies stay as they are. The
 * plain body is in the arena. RESOURCE_EXHAUSTED when it is larger than `most` or the arena is
 * full, INVALID_ARGUMENT when the body cannot be inflated.
 */
must_use bool response_inflate(struct http_response *response, size_t most, struct arena *arena,
                               struct status *status);

/*
 * Decodes the body. A member that cannot be read is reported to `unreadable` (may be NULL) and left
 * absent; fields that the .proto requires have to be set. The body must outlive the message.
 * UNKNOWN when the body cannot be decoded, because the upstream reported success and its effect is
 * not known. The message of the status quotes the upstream when the body is that of an error, and
 * may repeat the credential.
 */
must_use bool response_decode(const struct schema_method *method,
                              const struct http_response *response, struct arena *arena,
                              json_unreadable *unreadable, void *context,
                              ProtobufCMessage **message, struct status *status);
