/* SPDX-License-Identifier: MIT */
/*
 * The details of a failure as gRPC's error model has them: google.rpc.Status with ErrorInfo,
 * BadRequest, RequestInfo and RetryInfo (google/rpc/error_details.proto), the bytes of the trailer
 * grpc-status-details-bin. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "constraint/validate.h"

#define DETAILS_METADATA 8

/* No wait helps: the caller must not repeat the call by itself. */
#define DETAILS_NEVER_RETRY INT64_C(-1)

/* When to come back to a thing that passes soon, and to one that somebody has to mend. */
#define DETAILS_SOON_MS 500
#define DETAILS_LATER_MS 5000

struct details {
    struct text domain, reason;          /* of ErrorInfo: "apig-sidecar", "OVERLOADED" */
    const struct violations *violations; /* NULL: none */
    struct text request_id;              /* the upstream's; empty: none */
    int64_t retry_ms;      /* wait that long, DETAILS_NEVER_RETRY, or 0: nothing is known */
    size_t metadata_count; /* of ErrorInfo */
    struct {
        struct text key, value;
    } metadata[DETAILS_METADATA];
};

/* Nothing is known yet. */
void details_init(struct details *details);

/* Adds to ErrorInfo's metadata, unless the value is empty or there is no room. */
void details_add(struct details *details, struct text key, struct text value);

/* Room for all trailers of an answer: Σ(name + encoded value + 32), the least that gRPC's peers
 * accept. */
#define DETAILS_TRAILER_BYTES 8192

/*
 * The serialized google.rpc.Status, so small that it fits DETAILS_TRAILER_BYTES together with
 * gRPC's own trailers and ours; what does not fit is dropped in the order RetryInfo, RequestInfo,
 * BadRequest from its end, message, in `status` too, and metadata. The arena, which is cleared
 * between tries, has nothing else in it, and room for a few times DETAILS_TRAILER_BYTES.
 */
struct text details_encode(const struct details *details, struct status *status,
                           struct arena *arena);
