/* SPDX-License-Identifier: MIT */
/* Admission of calls: permission, the number of calls under way, time left. */
#pragma once

#include "pipeline/transaction.h"

/* PERMISSION_DENIED, naming the caller; RESOURCE_EXHAUSTED, naming --max-in-flight or
 * --max-in-flight-per-caller; DEADLINE_EXCEEDED or UNAVAILABLE when no time is left. The poller's
 * thread, once. */
must_use bool admit_call(struct transaction *transaction);

/* The call has ended. Any thread, once, whether it was admitted or not. */
void admit_leave(struct transaction *transaction);
