/* SPDX-License-Identifier: MIT */
#include "rest/fault_effect.h"

#include "rest/details.h"

#include "base/banned.h"

static const struct {
    int64_t retry_ms;       /* as fault_decision_retry_ms */
    const char *text;       /* what became of the request */
    const char *retried_by; /* NULL: nobody. No retry policy of gRPC, because the call is
                               committed */
    const char *hint;       /* NULL: none */
    bool is_unknown, may_come_later;
    struct fault_decision for_reading; /* of an unknown effect: the decision when the request only
                                          reads */
} effects[] = {
    [FAULT_REFUSED] = {.text = "not processed; the same request will be refused again"},
    [FAULT_MISDIRECTED] = {.text = "not processed: endpoint, region or project id is wrong"},
    [FAULT_HEADER] = {.text = "not processed: the header is too large, most of it the credential",
                      .hint = "; the sidecar writes the header, most of which is its credential"},
    [FAULT_CREDENTIAL] = {.retry_ms = DETAILS_LATER_MS,
                          .text = "not processed: the sidecar's credential was refused",
                          .retried_by =
                              "the sidecar once, with a newer credential; then the application"},
    [FAULT_PASSING] = {.retry_ms = DETAILS_SOON_MS,
                       .text = "not processed; may succeed later",
                       .retried_by = "the sidecar; then the application"},
    [FAULT_BUSY] = {.retry_ms = DETAILS_LATER_MS,
                    .text = "not processed: the resource is busy",
                    .retried_by = "the application"},
    [FAULT_THROTTLED] = {.retry_ms = DETAILS_LATER_MS,
                         .text = "not processed: too many requests",
                         .retried_by = "the sidecar; then the application"},
    [FAULT_UNKNOWN] = {.retry_ms = DETAILS_NEVER_RETRY,
                       .text = "perhaps processed (OUTCOME_UNKNOWN); look before you repeat it",
                       .retried_by = "the sidecar, when it is idempotent",
                       .is_unknown = true,
                       .for_reading = {STATUS_UNAVAILABLE, FAULT_PASSING}},
    [FAULT_TIMED_OUT] = {.retry_ms = DETAILS_NEVER_RETRY,
                         .text = "perhaps processed, now or later (OUTCOME_UNKNOWN); look before "
                                 "you repeat it",
                         .retried_by = "the sidecar, when it is idempotent",
                         .is_unknown = true,
                         .may_come_later = true,
                         .for_reading = {STATUS_UNAVAILABLE, FAULT_PASSING}},
    [FAULT_SEE_OTHER] = {.retry_ms = DETAILS_NEVER_RETRY,
                         .text = "perhaps processed (OUTCOME_UNKNOWN); look before you repeat it",
                         .is_unknown = true,
                         .may_come_later = true,
                         .for_reading = {STATUS_FAILED_PRECONDITION, FAULT_REFUSED}},
    [FAULT_SYSTEM] = {.retry_ms = DETAILS_NEVER_RETRY,
                      .text = "perhaps processed (`outcome` = `unknown`); look, and report it",
                      .hint = "; whether the request was carried out is not known",
                      .is_unknown = true,
                      .may_come_later = true,
                      .for_reading = {STATUS_INTERNAL, FAULT_REFUSED}},
};

/* A retry cannot help when the quota is used up, the name is taken, or the fault is permanent. */
int64_t fault_decision_retry_ms(struct fault_decision decision)
{
    enum status_code code = decision.code;
    bool is_permanent = decision.effect == FAULT_REFUSED &&
                        (code == STATUS_RESOURCE_EXHAUSTED || code == STATUS_ALREADY_EXISTS ||
                         code == STATUS_INTERNAL);
    return is_permanent ? DETAILS_NEVER_RETRY : effects[decision.effect].retry_ms;
}

bool fault_effect_is_unknown(enum fault_effect effect)
{
    return effects[effect].is_unknown;
}

/* These are the faults that a request that only reads may repeat. */
bool fault_effect_is_lost_response(enum fault_effect effect)
{
    return effects[effect].is_unknown && effects[effect].for_reading.effect == FAULT_PASSING;
}

bool fault_effect_may_come_later(enum fault_effect effect)
{
    return effects[effect].may_come_later;
}

struct fault_decision fault_decide_for_reading(struct fault_decision decision)
{
    return effects[decision.effect].is_unknown ? effects[decision.effect].for_reading : decision;
}

const char *fault_effect_hint(enum fault_effect effect)
{
    return effects[effect].hint ? effects[effect].hint : "";
}

const char *fault_effect_text(enum fault_effect effect)
{
    return effects[effect].text;
}

const char *fault_effect_retried_by(enum fault_effect effect)
{
    return effects[effect].retried_by ? effects[effect].retried_by : "nobody";
}
