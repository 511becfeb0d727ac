/* SPDX-License-Identifier: MIT */
/*
 * Our own end of a call: response headers with a status and no message (gRPC's PROTOCOL-HTTP2.md,
 * "Trailers-Only"), or trailers when C-core has sent response headers already. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "http2/fault.h"
#include "http2/output.h"

/* Bytes of a google.rpc.Status that a reply may carry. */
#define REPLY_DETAILS_BYTES 4096

struct reply {
    uint32_t stream;
    bool headers_were_sent;
    const struct guard_failure *failure;
    struct text details; /* of grpc-status-details-bin, not encoded; at most REPLY_DETAILS_BYTES */
};

/* Appends the frames. They begin with an update of the dynamic table's size to 0 (RFC 7541 section
 * 6.3), which is legal whatever size the caller has set. */
void reply_write(struct output *output, const struct reply *reply);

/* The update: the one byte of it. */
#define TABLE_SIZE_UPDATE_TO_0 0x20
