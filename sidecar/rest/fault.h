/* SPDX-License-Identifier: MIT */
/*
 * The meaning of an unsuccessful HTTP response for the caller: a gRPC code from which the caller
 * knows what to do next, and whether the request was processed. The vendor's error_code decides
 * first, the HTTP status second (fault_table.c); fault_effect.c has the consequences for retries.
 * Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "rest/details.h"
#include "system/secret_list.h"

enum fault_effect {
    FAULT_REFUSED,     /* not processed, and the same request will be refused again */
    FAULT_MISDIRECTED, /* not processed: the endpoint does not offer it */
    FAULT_HEADER,      /* not processed: the header, which the sidecar writes, is too large */
    FAULT_CREDENTIAL,  /* not processed: the credential of the sidecar was rejected */
    FAULT_PASSING,     /* not processed; it may be later */
    FAULT_BUSY,        /* not processed: something else has to end first */
    FAULT_THROTTLED,   /* not processed: too many requests */
    FAULT_UNKNOWN,     /* perhaps processed */
    FAULT_TIMED_OUT,   /* perhaps processed, and perhaps still being processed */
    FAULT_SEE_OTHER,   /* perhaps processed: the result is at another place */
    FAULT_SYSTEM,      /* perhaps processed: a permanent fault of the upstream */
};

struct fault {
    enum fault_effect effect;
    enum status_code code;
    struct text vendor_code; /* "APIG.3201"; empty when there is none */
    struct text
        message; /* the message of the upstream: one line of UTF-8, cut; empty when there is none */
    struct text request_id; /* for the support of the upstream; empty when there is none */
    struct text field;      /* the request field that the message names, "name"; empty when none */
    struct text location_host; /* the target of a redirect; empty when there is none */
    int64_t attempt_delay_ms;  /* before the next attempt of the sidecar: as the upstream says, or
                                  when it throttles without a time, caller_retry_ms; else 0 */
    int64_t caller_retry_ms;   /* that the caller is asked to wait, DETAILS_NEVER_RETRY, or 0: not
                                  known */
    int64_t retry_after_ms;    /* of the header Retry-After; 0: none */
    int64_t window_ms, window_calls; /* of the limit that it names when it throttles; 0: none */
};

/* True for the statuses of success, 2xx. */
bool fault_is_success(unsigned http_status);

/* Reads a response that is not a success; the result is a fault, whatever the body is. The texts of
 * the fault are copies in the arena, a few hundred bytes, without any of the secrets; `secrets` may
 * be NULL. `scratch` is for temporary data. */
void fault_read(const struct http_response *response, struct secret_list *secrets,
                struct arena *scratch, struct arena *arena, struct fault *fault);

/* Changes the fault to that of a request that only reads (RFC 9110 section 9.2.1). Such a request
 * has changed nothing, so that it may be repeated although it was perhaps processed, unless that
 * does not help. */
void fault_of_safe_request(struct fault *fault);

/* True when the vendor's code is one of the service behind the front gateway, which has accepted
 * the credential then, unless the fault says otherwise. */
bool fault_is_of_service(const struct fault *fault);

/* True when the request was perhaps processed. */
bool fault_is_unknown(const struct fault *fault);

/* True when the request was perhaps processed and only the response is missing, so that a request
 * that may be repeated can succeed. */
bool fault_is_lost_response(const struct fault *fault);

/* True when the resource may be created after a look-up has not found it, because the upstream may
 * still be at work, or does not know the result itself. */
bool fault_may_come_later(const struct fault *fault);

/* Fills the status: "The name already exists (APIG.3201, HTTP 400, request 9f…)". Returns
 * false. */
must_use bool fault_status(const struct fault *fault, const struct http_response *response,
                           struct status *status);

/* Writes the tables of vendor codes and HTTP statuses in Markdown, for docs/statuses.md. */
void fault_write_markdown(struct buffer *out);

/* Writes a wait in the form of these tables: "500 ms", "never", or nothing. */
void fault_write_retry(struct buffer *out, int64_t retry_ms);
