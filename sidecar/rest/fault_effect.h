/* SPDX-License-Identifier: MIT */
/*
 * The meaning of a fault's effect, as a table: whether the request was processed, and when and by
 * whom the call may be retried. For the files of this folder alone. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "rest/fault.h"

struct fault_decision {
    enum status_code code;
    enum fault_effect effect;
};

/* As fault_is_unknown, fault_is_lost_response and fault_may_come_later. */
bool fault_effect_is_unknown(enum fault_effect effect);
bool fault_effect_is_lost_response(enum fault_effect effect);
bool fault_effect_may_come_later(enum fault_effect effect);

/* The decision for the same response to a request that only reads. */
struct fault_decision fault_decide_for_reading(struct fault_decision decision);

/* When the caller may retry, unless the upstream says it: a wait, DETAILS_NEVER_RETRY or 0. */
int64_t fault_decision_retry_ms(struct fault_decision decision);

/* A hint for the caller that follows the upstream's message, "; …", or "". */
const char *fault_effect_hint(enum fault_effect effect);

/* For docs/statuses.md: what became of the request, and who retries the call. */
const char *fault_effect_text(enum fault_effect effect);
const char *fault_effect_retried_by(enum fault_effect effect);
