/* SPDX-License-Identifier: MIT */
/*
 * The metadata of a caller that goes upstream: trace context and a request id, nothing else. Each
 * is checked before it is passed on, because a line break in a header would begin another header.
 */
#pragma once

#include "base/status.h"
#include "config/config.h"
#include "http/nouns.h"
#include "server/call.h"

/* One is kept for a request id of our own. */
#define TRACE_HEADERS_FIELDS 12
#define TRACE_HEADERS_REQUEST_ID_BYTES 32

struct trace_headers {
    size_t count;
    bool is_retry; /* the caller's client or proxy has made this call before */
    struct text request_id;
    struct text id; /* of the trace that the call belongs to; empty when unknown */
    struct http_field fields[TRACE_HEADERS_FIELDS]; /* views of the call's metadata */
    char made_id[TRACE_HEADERS_REQUEST_ID_BYTES];
};

/* Picks what is passed on; makes a request id when the caller has none, and returns it to the
 * caller, also when this fails. Entries that retrying clients and proxies add do not count against
 * --max-metadata-count. RESOURCE_EXHAUSTED, naming the option, when the metadata is more than
 * --max-metadata or --max-metadata-count. */
must_use bool trace_headers_read(struct trace_headers *trace, struct call *call,
                                 const struct config *config, struct status *status);

/* The same for a call that is refused before it begins, by the values of x-request-id and
 * traceparent, which are empty when the caller sent none. */
void trace_headers_read_refused(struct trace_headers *trace, struct text request_id,
                                struct text parent);

/* Adds it to the request. INTERNAL when the request has no room. */
must_use bool trace_headers_write(const struct trace_headers *trace, struct http_request *request,
                                  struct status *status);

static inline struct text trace_headers_request_id(const struct trace_headers *trace)
{
    return trace->request_id;
}
