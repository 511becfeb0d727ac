/* SPDX-License-Identifier: MIT */
/* The reasons of failures that are ours, as ErrorInfo has them under the domain "apig-sidecar". */
#pragma once

/* Name and what it says to the caller. docs/statuses.md is made of this table. */
#define REASONS(row)                                                                               \
    row(INVALID_REQUEST, "the request breaks a rule of the .proto, or is no such message") row(    \
        LIMIT_EXCEEDED, "the request passes a limit of the sidecar, which the message names")      \
        row(OVERLOADED, "too many calls are in flight here")                                       \
            row(NO_CREDENTIAL, "the sidecar has no good credential") row(                          \
                UPSTREAM_UNREACHABLE, "no connection to the upstream; nothing was sent")           \
                row(DEADLINE_EXCEEDED, "the deadline passed before anything was sent") row(        \
                    CANCELLED, "the caller cancelled before anything was sent")                    \
                    row(DRAINING, "the sidecar is stopping; nothing was sent") row(                \
                        OUTCOME_UNKNOWN,                                                           \
                        "the request was sent, and whether it was carried out is not known")       \
                        row(NOT_CARRIED_OUT,                                                       \
                            "the answer was lost, and a look-up showed that nothing was created")  \
                            row(ALREADY_EXISTS, "the answer was lost, and a look-up showed that "  \
                                                "one of that name was there before")               \
                                row(INTERNAL,                                                      \
                                    "a fault of the sidecar; `incident` is in its log as well")

enum reason {
#define REASON(name, meaning) REASON_##name,
    REASONS(REASON)
#undef REASON
};
