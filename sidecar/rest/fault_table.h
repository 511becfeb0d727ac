/* SPDX-License-Identifier: MIT */
/*
 * The tables behind rest/fault.h: which row decides an unsuccessful answer, and what its effect
 * means. For the files of this room alone. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "rest/fault.h"
#include "rest/fault_body.h"

struct fault_decision {
    enum status_code code;
    enum fault_effect effect;
};

/* By the vendor's code, "APIG.3201"; false, with the decision untouched, when no row knows it with
 * this HTTP status. */
must_use bool fault_decide_by_code(struct text vendor_code, unsigned http_status,
                                   struct fault_decision *decision);

/* By the HTTP status, and what else of the answer bears on it. */
struct fault_decision fault_decide_by_status(unsigned http_status, const struct fault_body *body);

/* The same decision for a request that only reads. */
struct fault_decision fault_decide_for_reading(struct fault_decision decision);

bool fault_effect_is_unknown(enum fault_effect effect);
bool fault_effect_may_come_later(enum fault_effect effect);

/* What the caller has to know beside the upstream's words: "; …", or "". */
const char *fault_effect_hint(enum fault_effect effect);

/* When the caller may come back, unless the upstream says: a wait, DETAILS_NEVER_RETRY or 0. */
int64_t fault_decision_retry_ms(struct fault_decision decision);
