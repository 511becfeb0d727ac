/* SPDX-License-Identifier: MIT */
/* The calls that the front ends with a status, before the pipeline has them. */
#pragma once

#include "server/call.h"

/* A call_handler's `refused`, with the pipeline as its context: the same line in the log, the same
 * metrics and trailers as those of a call that the pipeline fails. Any thread. */
void front_failure_refused(const struct call_refusal *refusal, struct arena *arena,
                           struct call_refusal_trailers *trailers, void *context);
