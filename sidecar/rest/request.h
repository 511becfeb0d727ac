/* SPDX-License-Identifier: MIT */
/*
 * Encoding of a request message as an HTTP request, by the HTTP rule of its method. The credential
 * and the fields that depend on the connection are added later. Pure; any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "schema/schema.h"

/*
 * Makes the request by the first binding of the method whose path the message fits: method, target
 * with `prefix` in front, body and the fields that describe the body. INVALID_ARGUMENT, naming the
 * field, when a value cannot be sent in the path; RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool request_encode(const struct schema_method *method, const ProtobufCMessage *message,
                             struct text prefix, struct arena *arena, struct http_request *request,
                             struct status *status);

/* Adds a field; false when the request has as many fields as it can have. */
must_use bool request_add_field(struct http_request *request, const struct http_field *field);
