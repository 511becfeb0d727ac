/* SPDX-License-Identifier: MIT */
/*
 * The forms that well-known types have in JSON (protobuf.dev/programming-guides/json): a Timestamp
 * is a string, and so on. Between the JSON reader and writer, which handle what holds messages in
 * turn (Struct, Value, ListValue, wrappers). Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "json/tokens.h"
#include "schema/message.h"

/* Writes a Timestamp, Duration or FieldMask as its string, without quotes. INVALID_ARGUMENT when
 * the message holds what has no such form.
 */
must_use bool json_form_write(const struct schema_message *type, const ProtobufCMessage *message,
                              struct buffer *out, struct status *status);

/* Reads one from its text, a string of the source's. Fails as a value of the wrong type when the
 * text is no such form. */
must_use bool json_form_read(const struct schema_message *type, struct text text,
                             ProtobufCMessage *message, struct json_source *source);

/* The form of a Timestamp, RFC 3339 without leap seconds and with up to nine digits of a fraction:
 * its seconds since 1970 and the rest. The outputs are set only when it is one. */
must_use bool json_form_timestamp(struct text text, int64_t *seconds, int32_t *nanos);
