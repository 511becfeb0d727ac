/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "pipeline/transaction.h"
#include "rest/response.h"

#include "base/banned.h"

/* Before a look-up: what still goes on upstream has that long to end. */
#define LOOKUP_REST_NS (250 * CLOCK_NS_PER_MS)

static bool may_look_up(const struct walk *walk)
{
    return walk->road->config->recover_lost_creates && call_method(walk->call)->recovery &&
           recovery_may_help(walk->exchange.cause) && walk_time_left_ns(walk) > LOOKUP_REST_NS;
}

/* The outcome stays what it was. */
static void let_stand(struct walk *walk)
{
    walk->fault = walk->unknown_outcome->fault;
    walk->status = walk->unknown_outcome->status;
}

/* Nothing of the create's answer is needed any more: what is told of it has its own memory. */
static bool ask(struct walk *walk)
{
    const struct schema_recovery *recovery = call_method(walk->call)->recovery;
    ProtobufCMessage *question;
    walk_release_credential(walk);
    arena_clear(&walk->response_arena);
    walk->unknown_outcome->asked++;
    if (!recovery_question(recovery, walk->message, &walk->arena, &question, &walk->status) ||
        !walk_encode(walk, recovery->lookup, question) || !walk_sign(walk))
        return false;
    walk_exchange(walk);
    return true;
}

#define GATEWAY_TIMEOUT 504

/* What is listed by now may be ours; what is not listed was not created, unless it may still come,
 * or the upstream itself has said that it exists. Of an answer that broke the status line alone
 * says so. */
static bool absence_is_proof(const struct lost *lost)
{
    return !fault_may_come_later(&lost->fault) && lost->http_status != GATEWAY_TIMEOUT &&
           lost->fault.code != STATUS_ALREADY_EXISTS && !fault_is_success(lost->http_status);
}

/* The outcome by what the look-up tells. */
static void conclude(struct walk *walk)
{
    switch (walk->verdict) {
    case RECOVERY_FOUND:
        walk->fault = (struct fault){0};
        status_clear(&walk->status);
        return;
    case RECOVERY_OLDER:
        refusal_of_older(&walk->details, &walk->status);
        break;
    case RECOVERY_ABSENT:
        if (absence_is_proof(walk->unknown_outcome))
            refusal_of_absent(&walk->details, &walk->status);
        else
            let_stand(walk);
        break;
    case RECOVERY_NONE:
    case RECOVERY_FAILED:
        let_stand(walk);
        break;
    }
    details_add(&walk->details, text_literal("lookup"),
                text_of(recovery_verdict_names[walk->verdict]));
}

/* The request id of a yes is a view of the answer, which a look-up lets go. */
static void keep_request_id(struct walk *walk, struct lost *lost)
{
    struct text *id = &lost->fault.request_id;
    const char *copy = arena_copy(&walk->fault_arena, id->data ? id->data : "", id->size);
    *id = (struct text){copy, copy ? id->size : 0};
    walk->details.request_id = *id;
}

bool lost_look_up(struct walk *walk)
{
    struct lost *lost = may_look_up(walk) ? arena_alloc(&walk->arena, sizeof *lost) : NULL;
    if (!lost)
        return false;
    *lost = (struct lost){
        0, walk->request, walk->fault, walk->exchange.http_status, walk->status,
    };
    keep_request_id(walk, lost);
    walk->unknown_outcome = lost;
    walk->step = STEP_LOOK_UP;
    walk->exchange.rest_ns = LOOKUP_REST_NS;
    if (ask(walk))
        return true;
    walk->verdict = RECOVERY_FAILED;
    count_look_up(walk);
    conclude(walk);
    return false;
}

static enum recovery_verdict judge(struct walk *walk)
{
    const struct schema_recovery *recovery = call_method(walk->call)->recovery;
    const struct http_response *response = &walk->exchange.response;
    ProtobufCMessage *listed;
    if (walk->exchange.outcome != EXCHANGE_ANSWERED || !fault_is_success(response->status) ||
        !walk_decode(walk, recovery->lookup, &listed))
        return RECOVERY_FAILED;
    int64_t ago_ns = clock_now_ns() - call_received_ns(walk->call);
    int64_t earliest_ns = recovery_earliest_ns(response, ago_ns, clock_calendar_ns());
    return recovery_judge(recovery, walk->message, listed, earliest_ns, &walk->response);
}

/* Whether the create goes on its way again. */
static bool begins_anew(struct walk *walk)
{
    return walk->verdict == RECOVERY_ABSENT && absence_is_proof(walk->unknown_outcome) &&
           walk_may_attempt(walk, walk->attempts, 0);
}

void lost_looked_up(struct walk *walk)
{
    walk->verdict = judge(walk);
    if (walk->verdict == RECOVERY_FAILED && walk_may_repeat(walk, walk->unknown_outcome->asked) &&
        ask(walk))
        return;
    count_look_up(walk);
    walk->request = walk->unknown_outcome->request;
    walk->exchange.http_status = walk->unknown_outcome->http_status;
    if (begins_anew(walk)) {
        count_retry(walk, METRIC_RETRY_ABSENT);
        walk_send_again(walk);
        return;
    }
    conclude(walk);
    walk_reply(walk);
}
