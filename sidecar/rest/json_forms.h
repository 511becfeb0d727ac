/* SPDX-License-Identifier: MIT */
/*
 * The forms that well-known types have in JSON (protobuf.dev/programming-guides/json): a Timestamp
 * is a string, and so on. Between the JSON reader and writer, which handle what holds messages in
 * turn (Struct, Value, ListValue, wrappers). Pure; any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "schema/message.h"

/* Writes a Timestamp, Duration or FieldMask as its string, without quotes. INVALID_ARGUMENT when
 * the message holds what has no such form.
 */
must_use bool json_form_write(const struct schema_message *type, const ProtobufCMessage *message,
                              struct buffer *out, struct status *status);

/* Reads one. INVALID_ARGUMENT when the text is no such form. */
must_use bool json_form_read(const struct schema_message *type, struct text text,
                             struct arena *arena, ProtobufCMessage *message, struct status *status);
