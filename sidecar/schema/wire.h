/* SPDX-License-Identifier: MIT */
/*
 * Protobuf bytes to a message in memory and back. Every message is scanned before protobuf-c
 * unpacks it, because protobuf-c recurses without bound, does not check UTF-8 and can take forty
 * times the input in memory (measured). Pure; any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

/* As deep as Google's implementations go by default (protobuf.dev, "recursion limit"). */
#define WIRE_DEPTH 100

/*
 * Scans and unpacks `bytes` into the arena. INVALID_ARGUMENT, naming the field, when they are no
 * message of that type: bad framing, depth above WIRE_DEPTH, a string that is not UTF-8 or holds a
 * NUL; RESOURCE_EXHAUSTED when it does not fit the arena.
 */
must_use bool wire_unpack(const struct schema_message *type, struct text bytes, struct arena *arena,
                          ProtobufCMessage **message, struct status *status);
