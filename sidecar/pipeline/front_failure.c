/* SPDX-License-Identifier: MIT */
#include "pipeline/front_failure.h"

#include "pipeline/call_metrics.h"
#include "pipeline/pipeline.h"
#include "pipeline/step.h"
#include "pipeline/trace_headers.h"
#include "rest/details.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* The step that would have refused the call. */
static enum step step_of(const struct call_refusal *refusal)
{
    return refusal->code == STATUS_PERMISSION_DENIED ? STEP_ADMIT : STEP_RECEIVE;
}

static struct text path_of(const struct call_refusal *refusal, const struct pipeline *pipeline)
{
    return refusal->method == METRIC_OTHER ? refusal->path
                                           : text_of(pipeline->methods[refusal->method].path);
}

static struct text encode_details(const struct call_refusal *refusal, struct arena *arena)
{
    struct status status;
    struct details details;
    details_init(&details);
    details_set_reason(&details, refusal->reason, refusal->retry_ms);
    details_add(&details, text_literal("step"), text_of(step_names[step_of(refusal)]));
    status_set(&status, refusal->code, "%.*s", text_arguments(refusal->message));
    return details_encode(&details, &status, arena);
}

/* A fault is the caller's and not an error of the sidecar, whatever its code. */
static void write_log(const struct call_refusal *refusal, const struct pipeline *pipeline,
                      const struct trace_headers *trace)
{
    struct log_line line;
    if (!log_enabled(LOG_INFO))
        return;
    log_begin(&line, LOG_INFO, "call");
    log_text(&line, "method", path_of(refusal, pipeline));
    log_text(&line, "peer", refusal->peer);
    log_text(&line, "caller", refusal->caller);
    log_text(&line, "step", text_of(step_names[step_of(refusal)]));
    log_text(&line, "code", text_of(status_code_name(refusal->code)));
    log_text(&line, "request_id", trace->request_id);
    log_text(&line, "trace_id", trace->id);
    log_text(&line, "reason", reason_text(refusal->reason));
    log_text(&line, "message", refusal->message);
    log_end(&line);
}

static struct text copy(struct text text, struct arena *arena)
{
    const char *data = arena_copy(arena, text.data, text.size);
    return data ? (struct text){data, text.size} : text_literal("");
}

void front_failure_refused(const struct call_refusal *refusal, struct arena *arena,
                           struct call_refusal_trailers *trailers, void *context)
{
    const struct pipeline *pipeline = context;
    struct trace_headers trace;
    trace_headers_read_refused(&trace, refusal->request_id, refusal->traceparent);
    trailers->details = encode_details(refusal, arena);
    trailers->request_id = copy(trace.request_id, arena);
    write_log(refusal, pipeline, &trace);
    call_metrics_refused(pipeline, refusal, step_of(refusal));
}
