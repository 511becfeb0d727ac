/* SPDX-License-Identifier: MIT */
/*
 * The forms that well-known types have in JSON (protobuf.dev/programming-guides/json), such as a
 * string for a Timestamp. The JSON reader and writer handle the types that hold messages themselves
 * (Struct, Value, ListValue, wrappers). For the files of this folder, but for json_form_timestamp
 * and json_form_write. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "json/tokens.h"
#include "schema/message.h"

/* Writes a Timestamp, Duration or FieldMask as a string without quotes. INVALID_ARGUMENT when the
 * message has a value without a JSON form. */
must_use bool json_form_write(const struct schema_message *type, const ProtobufCMessage *message,
                              struct buffer *out, struct status *status);

/* Reads a Timestamp, Duration or FieldMask from `text`, a string of the source. Fails as a value of
 * the wrong type when the text does not have that form. */
must_use bool json_form_read(const struct schema_message *type, struct text text,
                             ProtobufCMessage *message, struct json_source *source);

/* Reads the form of a Timestamp: RFC 3339 without leap seconds and with up to nine digits of a
 * fraction. `seconds` count from 1970. The outputs are set only when the text has that form. */
must_use bool json_form_timestamp(struct text text, int64_t *seconds, int32_t *nanos);
