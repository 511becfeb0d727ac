/* SPDX-License-Identifier: MIT */
#include "http2/stream_fault.h"

#include "base/banned.h"

static const struct guard_failure failures[] = {
/* A call that passes a limit passes it again: nobody is to repeat it. */
#define STREAM_FAULT(name, grpc_code, http, why, text)                                             \
    [STREAM_FAULT_##name] = {.code = STATUS_##grpc_code,                                           \
                             .http_status = (http),                                                \
                             .reason = REASON_##why,                                               \
                             .pushback_ms = -1,                                                    \
                             .has_pushback = STATUS_##grpc_code == STATUS_RESOURCE_EXHAUSTED,      \
                             .message = {"" text, sizeof(text) - 1},                               \
                             .names_encodings = STREAM_FAULT_##name == STREAM_FAULT_ENCODING},
    STREAM_FAULTS(STREAM_FAULT)
#undef STREAM_FAULT
};

struct guard_failure stream_fault_failure(enum stream_fault fault)
{
    return failures[fault];
}
