/* SPDX-License-Identifier: MIT */
#include "rest/fault.h"

#include "rest/fault_body.h"
#include "rest/fault_effect.h"
#include "rest/fault_table.h"

#include "base/banned.h"

bool fault_is_success(unsigned http_status)
{
    return http_status >= 200 && http_status <= 299;
}

/* Sets the effect of a fault. A wait that the upstream names has precedence. Without one, a
 * throttled request is delayed as long as the caller is asked to wait, because an earlier attempt
 * only adds to the load. */
static void decide(struct fault *fault, struct fault_decision decision)
{
    fault->code = decision.code;
    fault->effect = decision.effect;
    fault->caller_retry_ms = fault_decision_retry_ms(decision);
    if (fault->caller_retry_ms <= 0)
        return;
    if (fault->attempt_delay_ms > 0)
        fault->caller_retry_ms = fault->attempt_delay_ms;
    else if (fault->effect == FAULT_THROTTLED)
        fault->attempt_delay_ms = fault->caller_retry_ms;
}

void fault_read(const struct http_response *response, struct secret_list *secrets,
                struct arena *scratch, struct arena *arena, struct fault *fault)
{
    struct fault_body body;
    struct fault_decision decision;
    fault_body_read(response, secrets, scratch, arena, &body);
    *fault = (struct fault){
        .vendor_code = body.code,
        .message = body.message,
        .request_id = body.request_id,
        .field = body.field,
        .location_host = body.location_host,
        .attempt_delay_ms = body.wait_ms,
        .retry_after_ms = body.wait_ms,
        .window_ms = body.window_ms,
        .window_calls = body.window_calls,
    };
    if (!fault_decide_by_code(fault->vendor_code, response->status, &decision))
        decision = fault_decide_by_status(response->status, &body);
    if (fault->attempt_delay_ms == 0 && decision.effect == FAULT_THROTTLED)
        fault->attempt_delay_ms =
            body.window_ms < FAULT_LONGEST_WAIT_MS ? body.window_ms : FAULT_LONGEST_WAIT_MS;
    decide(fault, decision);
}

void fault_of_safe_request(struct fault *fault)
{
    decide(fault, fault_decide_for_reading((struct fault_decision){fault->code, fault->effect}));
}

/* The front gateway's own codes are below 1000. */
bool fault_is_of_service(const struct fault *fault)
{
    struct text rest = fault->vendor_code;
    return (text_take_prefix(&rest, text_literal("APIG.")) ||
            text_take_prefix(&rest, text_literal("APIC."))) &&
           rest.size > 0 && rest.data[0] != '0';
}

bool fault_is_unknown(const struct fault *fault)
{
    return fault_effect_is_unknown(fault->effect);
}

bool fault_is_lost_response(const struct fault *fault)
{
    return fault_effect_is_lost_response(fault->effect);
}

bool fault_may_come_later(const struct fault *fault)
{
    return fault_effect_may_come_later(fault->effect);
}

bool fault_status(const struct fault *fault, const struct http_response *response,
                  struct status *status)
{
    struct text message =
        fault->message.size ? fault->message : text_literal("the upstream gave no reason");
    return status_fail(status, fault->code, "%.*s (%.*s%sHTTP %u%s%.*s)%s", text_arguments(message),
                       text_arguments(fault->vendor_code), fault->vendor_code.size ? ", " : "",
                       response->status, fault->request_id.size ? ", request " : "",
                       text_arguments(fault->request_id), fault_effect_hint(fault->effect));
}
