/* SPDX-License-Identifier: MIT */
/*
 * Our own end of a call: response headers with a status and no message (gRPC's PROTOCOL-HTTP2.md,
 * "Trailers-Only"), or trailers when C-core has sent response headers already. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "http2/guard.h"
#include "http2/output.h"

struct reply {
    uint32_t stream;
    bool headers_were_sent;
    const struct guard_refusal *refusal;
};

/* Appends the frames. They begin with an update of the dynamic table's size to 0 (RFC 7541 section
 * 6.3), which is legal whatever size the caller has set. */
void reply_write(struct output *output, const struct reply *reply);

/* The update: the one byte of it. */
#define TABLE_SIZE_UPDATE_TO_0 0x20
