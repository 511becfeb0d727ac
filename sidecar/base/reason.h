/* SPDX-License-Identifier: MIT */
/* The reasons of the sidecar's own failures, which ErrorInfo has under the domain of the sidecar.
 */
#pragma once

#include "base/text.h"

#define REASON_DOMAIN "apig-sidecar"

/* The name of each reason and its meaning for the caller. The tables of docs/statuses.md and README
 * are written from it. */
/* clang-format off */
#define REASONS(row) \
    row(INVALID_REQUEST, "the request breaks a constraint of the .proto, or is not such a message") \
    row(UNKNOWN_METHOD, "no such method is served; `apig-sidecar check` lists those that are") \
    row(PROTOCOL_ERROR, "the call breaks a rule of gRPC over HTTP/2, which the message names") \
    row(LIMIT_EXCEEDED, "a limit of the sidecar is passed, which the message names") \
    row(CALLER_NOT_ALLOWED, "--allow-callers does not list the caller, whom the message names") \
    row(OVERLOADED, "too many calls are in flight here, or wait for the upstream") \
    row(NO_CREDENTIAL, "the sidecar has no good credential") \
    row(UPSTREAM_UNREACHABLE, "no connection to the upstream, or it broke; nothing was changed") \
    row(DEADLINE_EXCEEDED, "the deadline passed; nothing was changed") \
    row(CANCELLED, "the caller cancelled; nothing was changed") \
    row(DRAINING, "the sidecar is stopping, or the caller's connection reached --max-age; nothing was changed") \
    row(OUTCOME_UNKNOWN, "the request was sent, and whether it was carried out is not known") \
    row(NOT_CARRIED_OUT, "the response was lost, and a look-up showed that nothing was created") \
    row(ALREADY_EXISTS, "the response was lost, and a look-up showed one of that name from before") \
    row(INTERNAL, "a fault of the sidecar; `incident` is in its log as well")
/* clang-format on */

enum reason {
#define REASON(name, meaning) REASON_##name,
    REASONS(REASON)
#undef REASON
        REASON_COUNT
};

/* The names, also as a metric's label, in which "_OTHER" at REASON_COUNT stands for the vendor's.
 */
extern const char *const reason_names[REASON_COUNT + 1];

static inline struct text reason_text(enum reason reason)
{
    return text_of(reason_names[reason]);
}
