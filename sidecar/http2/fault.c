/* SPDX-License-Identifier: MIT */
#include "http2/fault.h"

#include "base/banned.h"

static const struct guard_failure failures[] = {
/* A call that passes a limit passes it again: nobody is to repeat it. */
#define FAULT(name, grpc_code, http, why, text)                                                    \
    [FAULT_##name] = {.code = STATUS_##grpc_code,                                                  \
                      .http_status = (http),                                                       \
                      .reason = #why,                                                              \
                      .pushback_ms = -1,                                                           \
                      .has_pushback = STATUS_##grpc_code == STATUS_RESOURCE_EXHAUSTED,             \
                      .message = {"" text, sizeof(text) - 1},                                      \
                      .names_encodings = FAULT_##name == FAULT_ENCODING},
    FAULTS(FAULT)
#undef FAULT
};

struct guard_failure fault_failure(enum fault fault)
{
    return failures[fault];
}
