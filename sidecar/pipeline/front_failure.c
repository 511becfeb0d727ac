/* SPDX-License-Identifier: MIT */
#include "pipeline/front_failure.h"

#include <string.h>

#include "base/arena.h"
#include "pipeline/step.h"
#include "rest/details.h"
#include "telemetry/log.h"

#include "base/banned.h"

size_t front_failure_describe(const struct call_refusal *refusal, char *at, size_t room,
                              void *context)
{
    (void)context;
    struct arena arena;
    struct status status;
    struct details details;
    details_init(&details);
    details.domain = text_literal("apig-sidecar");
    details.reason = refusal->reason;
    details.retry_ms = refusal->retry_ms;
    details_add(&details, text_literal("step"), text_of(step_names[STEP_RECEIVE]));
    status_set(&status, refusal->code, "%.*s", text_arguments(refusal->message));
    arena_init(&arena, CALL_TRAILERS_BYTES);
    struct text written = details_encode(&details, &status, &arena);
    size_t size = written.size <= room ? written.size : 0;
    memcpy(at, written.data, size);
    arena_clear(&arena);
    return size;
}

void front_failure_log(const struct call_refusal *refusal, void *context)
{
    (void)context;
    struct log_line line;
    if (!log_enabled(LOG_INFO))
        return;
    log_begin(&line, LOG_INFO, "call");
    log_text(&line, "method", refusal->method);
    log_text(&line, "peer", refusal->peer);
    log_text(&line, "caller", refusal->caller);
    log_text(&line, "step", text_of(step_names[STEP_ADMIT]));
    log_text(&line, "code", text_of(status_code_name(refusal->code)));
    log_end(&line);
}
