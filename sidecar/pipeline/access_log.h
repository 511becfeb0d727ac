/* SPDX-License-Identifier: MIT */
/* The lines of the log that are about one call. Any thread that has the call. */
#pragma once

#include "pipeline/transaction.h"

/* The line of a call that is about to be answered. Successes are sampled by --log-sample. */
void access_log_write(const struct transaction *transaction);

/* Members of a response could not be read: a warning, of which a burst becomes one line. */
void access_log_unreadable(const struct transaction *transaction);
