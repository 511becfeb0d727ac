/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "rest/request.h"

#include "base/banned.h"

/* W3C Trace Context, B3 in both forms, and the request id; longer values are somebody's mistake. */
static const char *const passed_on[] = {
    "traceparent",       "tracestate",   "b3",         "x-b3-traceid", "x-b3-spanid",
    "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags", "x-request-id",
};
#define LONGEST_VALUE 1024
#define LONGEST_REQUEST_ID 128

/* HTTP/2's own measure of a field's size, RFC 9113 section 6.5.2. */
#define FIELD_OVERHEAD 32

static bool is_passed_on(struct text name)
{
    for (size_t i = 0; i < array_length(passed_on); i++)
        if (text_equal(name, text_of(passed_on[i])))
            return true;
    return false;
}

/* Only tracestate may come in several pieces (W3C Trace Context section 3.3.1). */
static bool may_follow(const struct trace *trace, struct text name)
{
    if (text_equal(name, text_literal("tracestate")))
        return true;
    for (size_t i = 0; i < trace->count; i++)
        if (text_equal(trace->fields[i].name, name))
            return false;
    return true;
}

static bool is_request_id(struct text name)
{
    return text_equal(name, text_literal("x-request-id"));
}

static void pick(struct trace *trace, struct text name, struct text value)
{
    size_t longest = is_request_id(name) ? LONGEST_REQUEST_ID : LONGEST_VALUE;
    if (value.bytes == 0 || value.bytes > longest || trace->count == TRACE_FIELDS - 1 ||
        !may_follow(trace, name))
        return;
    if (is_request_id(name)) {
        trace->request_id = value;
    }
    trace->fields[trace->count++] = (struct http_field){name, value};
}

static void put_hex(char *at, uint64_t number)
{
    for (int i = 15; i >= 0; i--, number >>= 4)
        at[i] = "0123456789abcdef"[number & 15];
}

/* Unique, not secret: a random number of this process and a count. */
static void make_request_id(struct trace *trace)
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
        (struct http_field){text_literal("x-request-id"), trace->request_id};
}

bool trace_read(struct trace *trace, struct call *call, const struct config *config,
                struct status *status)
{
    size_t count = call_metadata_count(call), bytes = 0;
    trace->count = 0;
    trace->request_id = (struct text){NULL, 0};
    if (count > config->max_metadata_count)
        return status_fail(
            status, STATUS_RESOURCE_EXHAUSTED,
            "the call has %zu metadata entries, more than --max-metadata-count allows, %lu", count,
            config->max_metadata_count);
    for (size_t i = 0; i < count; i++) {
        struct text name, value;
        bool legal = call_metadata(call, i, &name, &value);
        bytes += name.bytes + value.bytes + FIELD_OVERHEAD;
        if (legal && is_passed_on(name))
            pick(trace, name, value);
    }
    if (bytes > config->max_metadata_bytes)
        return status_fail(
            status, STATUS_RESOURCE_EXHAUSTED,
            "the call's metadata has %zu bytes, more than --max-metadata allows, %lu", bytes,
            config->max_metadata_bytes);
    if (!trace->request_id.bytes)
        make_request_id(trace);
    call_send_metadata(call, "x-request-id", trace->request_id);
    return true;
}

bool trace_write(const struct trace *trace, struct http_request *request, struct status *status)
{
    for (size_t i = 0; i < trace->count; i++)
        if (!request_add_field(request, trace->fields[i].name, trace->fields[i].value))
            return status_fail(status, STATUS_INTERNAL, "the request has too many fields");
    return true;
}
