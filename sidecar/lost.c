/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "rest/answer.h"
#include "walk.h"

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
    walk->fault = walk->lost->fault;
    walk->status = walk->lost->status;
}

static bool ask(struct walk *walk)
{
    const struct schema_recovery *recovery = call_method(walk->call)->recovery;
    ProtobufCMessage *question;
    walk_release_credential(walk);
    return recovery_question(recovery, walk->message, &walk->arena, &question, &walk->status) &&
           walk_encode(walk, recovery->lookup, question) && walk_sign(walk);
}

bool lost_look_up(struct walk *walk)
{
    struct lost *lost = may_look_up(walk) ? arena_alloc(&walk->arena, sizeof *lost) : NULL;
    if (!lost)
        return false;
    *lost = (struct lost){walk->request, walk->fault, walk->exchange.http_status, walk->status};
    walk->lost = lost;
    walk->step = STEP_LOOK_UP;
    walk->exchange.rest_ns = LOOKUP_REST_NS;
    if (ask(walk)) {
        walk_exchange(walk);
        return true;
    }
    walk->verdict = RECOVERY_FAILED;
    count_look_up(walk);
    let_stand(walk);
    details_add(&walk->details, text_literal("lookup"),
                text_of(recovery_verdict_names[walk->verdict]));
    return false;
}

static enum recovery_verdict judge(struct walk *walk)
{
    const struct schema_recovery *recovery = call_method(walk->call)->recovery;
    const struct http_answer *answer = &walk->exchange.answer;
    ProtobufCMessage *listed;
    if (walk->exchange.outcome != EXCHANGE_ANSWERED || !fault_is_success(answer->status) ||
        !answer_decode(recovery->lookup, answer, &walk->answer_arena, tell_unreadable, walk,
                       &listed, &walk->status))
        return RECOVERY_FAILED;
    int64_t ago_ns = clock_now_ns() - call_received_ns(walk->call);
    int64_t earliest_ns = recovery_earliest_ns(answer, ago_ns, clock_calendar_ns());
    return recovery_judge(recovery, walk->message, listed, earliest_ns, &walk->answer);
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
        refusal_of_absent(&walk->details, &walk->status);
        break;
    case RECOVERY_NONE:
    case RECOVERY_FAILED:
        let_stand(walk);
        break;
    }
    details_add(&walk->details, text_literal("lookup"),
                text_of(recovery_verdict_names[walk->verdict]));
}

void lost_looked_up(struct walk *walk)
{
    walk->verdict = judge(walk);
    count_look_up(walk);
    walk->request = walk->lost->request;
    walk->exchange.http_status = walk->lost->http_status;
    if (walk->verdict == RECOVERY_ABSENT && walk_may_attempt(walk, 0)) {
        walk_send_again(walk, METRIC_RETRY_ABSENT);
        return;
    }
    conclude(walk);
    walk_reply(walk);
}
