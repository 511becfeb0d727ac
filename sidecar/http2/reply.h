/* SPDX-License-Identifier: MIT */
/*
 * The response headers that we send ahead of C-core's, and our own end of a call: response headers
 * with a status and no message (gRPC's PROTOCOL-HTTP2.md, "Trailers-Only"), or trailers when the
 * caller has response headers already. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "http2/frame.h"
#include "http2/guard.h"
#include "http2/output.h"

struct reply {
    uint32_t stream;
    bool headers_were_sent;
    const struct guard_refusal *refusal;
};

/* Appends the frames of the call's end. They begin with an update of the dynamic table's size to 0
 * (RFC 7541 section 6.3), which is legal whatever size the caller has set. */
void reply_write(struct output *output, const struct reply *reply);

/* The update: the one byte of it. */
#define TABLE_SIZE_UPDATE_TO_0 0x20

/* Appends the frames of a response's headers: those that gRPC wants, and `fields`. They begin like
 * reply_write's. */
void reply_write_headers(struct output *output, uint32_t stream, const struct guard_field *fields,
                         size_t field_count);

/* Appends the frames of the trailers in a Trailers-Only block of C-core's. They begin like
 * reply_write's. False, without them, when the block cannot be decoded. */
must_use bool reply_write_trailers(struct output *output, uint32_t stream, struct input block);
