/* SPDX-License-Identifier: MIT */
/* The body of a successful HTTP answer to the method's answer message. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/http.h"
#include "base/status.h"
#include "rest/json.h"
#include "schema/schema.h"

/*
 * Reads the body. A member that cannot be read is told to `unreadable` (may be NULL) and left
 * absent; but the fields that the .proto calls required have to be there. The body's bytes must
 * outlive the message. UNKNOWN when it cannot be read: the upstream said yes, and what it did is
 * not known.
 */
must_use bool answer_decode(const struct schema_method *method, const struct http_answer *answer,
                            struct arena *arena, json_unreadable *unreadable, void *context,
                            ProtobufCMessage **message, struct status *status);
