/* SPDX-License-Identifier: MIT */
#include "pipeline/trace_headers.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "pipeline/trace_context.h"
#include "rest/request.h"

#include "base/banned.h"

/* Longer values are somebody's mistake. */
#define LONGEST_VALUE 1024
#define LONGEST_REQUEST_ID 128

static const struct text traceparent = {"traceparent", 11}, tracestate = {"tracestate", 10};

/* HTTP/2's own measure of a field's size, RFC 9113 section 6.5.2. */
#define FIELD_OVERHEAD 32

static bool has_field(const struct trace_headers *trace, struct text name)
{
    for (size_t i = 0; i < trace->count; i++)
        if (text_equal(trace->fields[i].name, name))
            return true;
    return false;
}

/* Only tracestate may come in several pieces (W3C Trace Context section 3.3.1). */
static bool may_follow(const struct trace_headers *trace, struct text name)
{
    return text_equal(name, tracestate) || !has_field(trace, name);
}

static bool is_request_id(struct text value)
{
    return value.size <= LONGEST_REQUEST_ID && text_consists_of(value, ascii_is_visible);
}

static void pick(struct trace_headers *trace, struct text name, struct text value)
{
    struct text trace_id = {NULL, 0};
    bool is_id = text_equal(name, text_literal("x-request-id"));
    if (value.size == 0 || value.size > LONGEST_VALUE || trace->count == TRACE_HEADERS_FIELDS - 1 ||
        !(is_id ? is_request_id(value) : trace_context_read(name, value, &trace_id)) ||
        !may_follow(trace, name))
        return;
    if (is_id)
        trace->request_id = value;
    if (!trace->id.size || text_equal(name, traceparent))
        trace->id = trace_id;
    trace->fields[trace->count++] = (struct http_field){name, value, .is_checked = true};
}

/* It means nothing without a traceparent (W3C Trace Context section 3.3.1). */
static void drop_stray_tracestate(struct trace_headers *trace)
{
    size_t kept = 0;
    if (has_field(trace, traceparent))
        return;
    for (size_t i = 0; i < trace->count; i++)
        if (!text_equal(trace->fields[i].name, tracestate))
            trace->fields[kept++] = trace->fields[i];
    trace->count = kept;
}

static void put_hex(char *at, uint64_t number)
{
    for (int i = 15; i >= 0; i--, number >>= 4)
        at[i] = ascii_hex_digit((unsigned)number);
}

/* Unique, not secret: a random number of this process and a count. Relaxed, because each addition
 * gives another number in any order, and the random number is its own and only content. */
static void make_request_id(struct trace_headers *trace)
{
    static _Atomic uint64_t process, count;
    uint64_t mine = atomic_load_explicit(&process, memory_order_relaxed);
    if (mine == 0) {
        uint64_t random;
        arc4random_buf(&random, sizeof random);
        if (atomic_compare_exchange_strong(&process, &mine, random | 1))
            mine = random | 1;
    }
    put_hex(trace->made_id, mine);
    put_hex(trace->made_id + 16, atomic_fetch_add_explicit(&count, 1, memory_order_relaxed));
    trace->request_id = (struct text){trace->made_id, sizeof trace->made_id};
    trace->fields[trace->count++] =
        (struct http_field){text_literal("x-request-id"), trace->request_id, .is_checked = true};
}

/* gRFC A6, "Exposed Retry Metadata", counts the attempts before this one; Envoy's router counts
 * this one, too. */
static bool is_attempt_count(struct text name, struct text value, bool *is_retry)
{
    bool grpc = text_equal(name, text_literal("grpc-previous-rpc-attempts"));
    bool envoy = text_equal(name, text_literal("x-envoy-attempt-count"));
    if (grpc)
        *is_retry |= !text_equal(value, text_literal("0"));
    if (envoy)
        *is_retry |= !text_equal(value, text_literal("1"));
    return grpc || envoy;
}

static bool is_within_limits(size_t count, size_t bytes, const struct config *config,
                             struct status *status)
{
    if (count > config->max_metadata_count)
        return status_fail(
            status, STATUS_RESOURCE_EXHAUSTED,
            "the call has %zu metadata entries, more than --max-metadata-count allows, %lu", count,
            config->max_metadata_count);
    if (bytes > config->max_metadata_bytes)
        return status_fail(
            status, STATUS_RESOURCE_EXHAUSTED,
            "the call's metadata has %zu bytes, more than --max-metadata allows, %lu", bytes,
            config->max_metadata_bytes);
    return true;
}

static void begin(struct trace_headers *trace)
{
    trace->count = 0;
    trace->is_retry = false;
    trace->request_id = trace->id = (struct text){NULL, 0};
}

bool trace_headers_read(struct trace_headers *trace, struct call *call, const struct config *config,
                        struct status *status)
{
    size_t count = call_metadata_count(call), counted = count, bytes = 0;
    begin(trace);
    for (size_t i = 0; i < count; i++) {
        struct text name, value;
        call_metadata(call, i, &name, &value);
        bytes += name.size + value.size + FIELD_OVERHEAD;
        pick(trace, name, value);
        counted -= is_attempt_count(name, value, &trace->is_retry);
    }
    drop_stray_tracestate(trace);
    if (!trace->request_id.size)
        make_request_id(trace);
    call_send_metadata(call, "x-request-id", trace->request_id);
    return is_within_limits(counted, bytes, config, status);
}

void trace_headers_read_refused(struct trace_headers *trace, struct text request_id,
                                struct text parent)
{
    begin(trace);
    pick(trace, text_literal("x-request-id"), request_id);
    pick(trace, traceparent, parent);
    if (!trace->request_id.size)
        make_request_id(trace);
}

bool trace_headers_write(const struct trace_headers *trace, struct http_request *request,
                         struct status *status)
{
    for (size_t i = 0; i < trace->count; i++)
        if (!request_add_field(request, &trace->fields[i]))
            return status_fail(status, STATUS_INTERNAL, "the request has too many fields");
    return true;
}
