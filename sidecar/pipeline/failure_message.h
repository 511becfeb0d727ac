/* SPDX-License-Identifier: MIT */
/* The message and the details of a call's failure that depend on the call. Any thread that has the
 * call. */
#pragma once

#include "pipeline/transaction.h"

/* Adds the name by which a create of unknown outcome is found to the details. */
void failure_add_name(struct transaction *transaction);

/* Completes message and details of a failure and adds them to the trailers. */
void failure_complete(struct transaction *transaction);

/* Adds the trailer x-apig-attempts: the attempts of which at least one byte left. */
void failure_add_attempts(struct transaction *transaction);
