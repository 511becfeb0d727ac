/* SPDX-License-Identifier: MIT */
/* The trailers of a failure: its details and the pushback for retry policies. Any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "rest/details.h"
#include "server/call.h"

/* Adds the trailers. May cut the status's message, so that all fit. */
void failure_send(struct call *call, const struct details *details, struct status *status);
