/* SPDX-License-Identifier: MIT */
/*
 * What an unsuccessful HTTP answer means for the caller: a gRPC code that says what to do next, and
 * whether the request was processed. The vendor's error_code decides first, the HTTP status second;
 * both are tables in fault_table.c, and so is what either means for coming back. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "rest/details.h"

enum fault_effect {
    FAULT_REFUSED,     /* not processed, and the same request will be refused again */
    FAULT_MISDIRECTED, /* not processed: the endpoint does not offer it */
    FAULT_HEADER,      /* not processed: the header, which is ours, is too large */
    FAULT_CREDENTIAL,  /* not processed: our credential was not accepted */
    FAULT_PASSING,     /* not processed; later it may be */
    FAULT_BUSY,        /* not processed: something else has to end first */
    FAULT_THROTTLED,   /* not processed: too many requests */
    FAULT_UNKNOWN,     /* perhaps processed */
    FAULT_TIMED_OUT,   /* perhaps processed, and perhaps still being processed */
    FAULT_SEE_OTHER,   /* perhaps processed: what came of it is elsewhere */
    FAULT_SYSTEM,      /* perhaps processed: a fault of the upstream's that stays */
};

struct fault {
    enum fault_effect effect;
    enum status_code code;
    struct text vendor_code; /* "APIG.3201"; empty when there is none */
    struct text
        message; /* the upstream's words: one line of UTF-8, cut; empty when there are none */
    struct text request_id;    /* the upstream's, for its support; empty when there is none */
    struct text field;         /* the request field that the words blame, "name"; empty when none */
    struct text location_host; /* where a redirect would lead; empty when there is none */
    int64_t wait_ms;  /* how long to wait before the next attempt: as the upstream says, and when it
                         throttles without a word about it, as the caller is told; else 0 */
    int64_t retry_ms; /* the caller is told to wait that long, DETAILS_NEVER_RETRY, or 0: nothing */
};

/* True for the answers that carry a result: 2xx. */
bool fault_is_success(unsigned http_status);

/* Reads an answer that is no success; whatever its body is, there is a fault. Its texts are copies
 * in the arena, a few hundred bytes; `scratch` has what is only needed for reading. What repeats
 * `secret`, the credential that the request had, is left out. */
void fault_read(const struct http_response *response, struct text secret, struct arena *scratch,
                struct arena *arena, struct fault *fault);

/* What the fault means when its request only reads (RFC 9110 section 9.2.1): it has changed
 * nothing, so what was perhaps processed may be asked again, unless that does not help. */
void fault_of_safe_request(struct fault *fault);

/* True when it is not known whether the request was processed. */
bool fault_is_unknown(const struct fault *fault);

/* True when, besides, a thing that is not listed now proves nothing: the upstream may still be at
 * work, or has it elsewhere, or does not know itself what became of it. */
bool fault_may_come_later(const struct fault *fault);

/* The fault as a status, "The API group name already exists (APIG.3201, HTTP 400, request 9f…)".
 * Returns false. */
must_use bool fault_status(const struct fault *fault, const struct http_response *response,
                           struct status *status);

/* The two tables in Markdown, for docs/statuses.md. */
void fault_write_markdown(struct buffer *out);

/* A wait as those tables have it: "500 ms", "never", or nothing. */
void fault_write_retry(struct buffer *out, int64_t retry_ms);
