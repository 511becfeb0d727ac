/* SPDX-License-Identifier: MIT */
/*
 * A request message and its method's HTTP rule to an HTTP request. The credential is not in it yet,
 * nor what only the connection knows. Pure; any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "schema/schema.h"

/* Sets the string field of that name when the message has one and it is empty. `value` must outlive
 * the message; NULL does nothing. */
void request_fill(const struct schema_method *method, ProtobufCMessage *message, struct text name,
                  const char *value);

/*
 * Method, target with `prefix` in front, body and the fields that describe it; `request` is set
 * whole. INVALID_ARGUMENT, naming the field, when a path value cannot be sent; RESOURCE_EXHAUSTED
 * when the arena is full.
 */
must_use bool request_encode(const struct schema_method *method, const ProtobufCMessage *message,
                             struct text prefix, struct arena *arena, struct http_request *request,
                             struct status *status);

/* Adds a field; false when the request has no room for it. Name and value are views. */
bool request_add_field(struct http_request *request, struct text name, struct text value);
