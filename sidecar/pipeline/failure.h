/* SPDX-License-Identifier: MIT */
/*
 * The details of a failed call beside code and message, sent as trailers: reason, metadata,
 * violations, and when to retry. Each way to fail has one function. Any thread that has the call.
 */
#pragma once

#include "base/reason.h"
#include "pipeline/step.h"
#include "rest/details.h"
#include "rest/fault.h"
#include "server/call.h"
#include "upstream/upstream.h"

/* A step failed before anything was sent: the reason follows from step and code. */
void failure_of_step(struct details *details, enum step step, const struct status *status);

/* A step failed because --max-memory left no room for it. Sets the status, too. */
void failure_of_shortage(struct details *details, struct status *status);

/* The upstream gave no response: the outcome is unknown if a byte of the request had left, unless
 * the request only reads. Sets the status, too; returns false. */
must_use bool failure_of_exchange(struct details *details, const struct exchange *exchange,
                                  enum idempotency idempotency, struct status *status);

/* The upstream answered with a fault, whose domain the details have already. Sets the status, too;
 * returns false. The details share the fault's texts and take more of the arena, which holds them:
 * a few kilobytes at most. */
must_use bool failure_of_fault(struct details *details, const struct fault *fault,
                               const struct http_response *response, struct arena *arena,
                               struct status *status);

/* The upstream reported success with a response that cannot be used. `cause` is for ErrorInfo:
 * "RESPONSE_UNREADABLE" or "RESPONSE_MISMATCH". */
void failure_of_response(struct details *details, const char *cause, struct text request_id);

/* The upstream refused because the thing exists, and an attempt of this very call may have created
 * it. Follows failure_of_fault; sets the status anew. */
void failure_of_existing(struct details *details, struct status *status);

/* The last attempt of an idempotent request failed, and an earlier one, whose response was lost,
 * may have been carried out: the outcome of the call is unknown, whatever the last attempt says.
 * Changes status and details, unless these say so already. */
void failure_of_repeated(struct details *details, struct status *status);

/* The outcome was unknown, and a look-up showed that the thing to be created does not exist, or
 * existed before. Sets the status, too. */
void failure_of_absent(struct details *details, struct status *status);
void failure_of_older(struct details *details, struct status *status);

/* Writes the tables of exchanges without a response, of failed steps and of reasons in Markdown,
 * for docs/statuses.md. */
void failure_write_markdown(struct buffer *out);
