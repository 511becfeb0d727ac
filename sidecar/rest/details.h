/* SPDX-License-Identifier: MIT */
/*
 * The details of a failure in the error model of gRPC: google.rpc.Status with ErrorInfo,
 * BadRequest, RequestInfo and RetryInfo (google/rpc/error_details.proto), which are sent as the
 * trailer grpc-status-details-bin. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/reason.h"
#include "base/retry_wait.h"
#include "base/status.h"
#include "base/text.h"
#include "constraint/validate.h"

#define DETAILS_METADATA 8

/* The caller must not retry the call. */
#define DETAILS_NEVER_RETRY INT64_C(-1)

/* The wait before a retry after a transient fault, and after a fault that somebody has to repair.
 */
#define DETAILS_SOON_MS RETRY_SOON_MS
#define DETAILS_LATER_MS 5000

struct details {
    struct text domain, reason;          /* of ErrorInfo: "apig-sidecar", "OVERLOADED" */
    const struct violations *violations; /* NULL: none */
    struct text request_id;              /* of the upstream; empty: none */
    int64_t retry_ms;      /* wait before a retry, DETAILS_NEVER_RETRY, or 0: not known */
    size_t metadata_count; /* of ErrorInfo */
    struct {
        struct text key, value;
    } metadata[DETAILS_METADATA];
};

/* Makes details without a content. */
void details_init(struct details *details);

/* Sets a reason of the sidecar's own, with its domain, and the wait before a retry. */
void details_set_reason(struct details *details, enum reason reason, int64_t retry_ms);

/* Adds a pair to the metadata of ErrorInfo, unless the value is empty or DETAILS_METADATA pairs
 * were added. */
void details_add(struct details *details, struct text key, struct text value);

/* The bound on all trailers of a response, Σ(name + encoded value + 32), which is the smallest
 * limit of the peers of gRPC. */
#define DETAILS_TRAILER_BYTES 8192

/*
 * Serializes the google.rpc.Status. All trailers together fit DETAILS_TRAILER_BYTES: parts that do
 * not fit are dropped in the order RetryInfo, RequestInfo, BadRequest from its end, message, also
 * in `status`, and metadata. The arena, which is cleared between tries, has no other content, and
 * memory for a few times DETAILS_TRAILER_BYTES.
 */
struct text details_encode(const struct details *details, struct status *status,
                           struct arena *arena);
