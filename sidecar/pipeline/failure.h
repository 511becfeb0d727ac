/* SPDX-License-Identifier: MIT */
/*
 * What a caller hears when its call failed, beside code and message: the details, and when to come
 * back. One function for each way to fail fills them in; they are sent as trailers. Any thread that
 * has the call.
 */
#pragma once

#include "pipeline/step.h"
#include "rest/details.h"
#include "rest/fault.h"
#include "rest/reason.h"
#include "server/call.h"
#include "upstream/upstream.h"

/* ErrorInfo's reasons under the sidecar's own domain, and "_OTHER" for the vendor's: a label of
 * metrics. */
extern const char *const failure_reason_names[REASON_COUNT + 1];

/* A step failed before anything was sent: the reason follows from step and code. */
void failure_of_step(struct details *details, enum step step, const struct status *status);

/*
 * What an exchange has come to, before it is judged: a body that the upstream compressed is
 * inflated to at most `most` bytes, and an answer whose body cannot be is one that broke. Of a 4xx
 * that broke or is too large the status line stays, as an answer without a body: it says that
 * nothing was processed. Any thread that has the exchange.
 */
void failure_settle(struct exchange *exchange, size_t most);

/* The upstream gave no answer: the outcome is unknown if a byte of the request had left, unless the
 * request only reads. Sets the status, too; returns false. */
must_use bool failure_of_exchange(struct details *details, const struct exchange *exchange,
                                  bool only_reads, struct status *status);

/* The upstream answered with a fault. Sets the status, too; returns false. The details share the
 * fault's texts and take more of the arena, which holds them: a few kilobytes at most. */
must_use bool failure_of_fault(struct details *details, const struct fault *fault,
                               const struct http_response *response, struct arena *arena,
                               struct status *status);

/* The upstream said yes with an answer that cannot be used. `cause` is a word of ours:
 * "RESPONSE_UNREADABLE". */
void failure_of_response(struct details *details, const char *cause, struct text request_id);

/* The upstream refused because the thing exists, and an attempt of this very call may have created
 * it. Follows failure_of_fault; sets the status anew. */
void failure_of_existing(struct details *details, struct status *status);

/* The outcome was unknown, and a look-up told: what was to be created is not there, or was there
 * before. Sets the status, too. */
void failure_of_absent(struct details *details, struct status *status);
void failure_of_older(struct details *details, struct status *status);

/* Up to a fifth more than a wait, so that those who were given it together do not come back
 * together.
 */
int64_t failure_spread_ms(int64_t wait_ms);

/* Adds the trailers. May cut the status's message, so that all fit. */
void failure_send(struct call *call, const struct details *details, struct status *status);

/* A call_handler's `explain`; the context is not looked at. */
void failure_explain(struct status *status, struct arena *arena, struct call_trailers *trailers,
                     void *context);

/* What an exchange without an answer means, what our own refusals are, and our reasons, in
 * Markdown, for docs/statuses.md. */
void failure_write_markdown(struct buffer *out);
