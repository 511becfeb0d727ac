/* SPDX-License-Identifier: MIT */
#include "server/call_memory.h"

#include "server/call_state.h"
#include "server/unary.h"

#include "base/banned.h"

/* The responses of creates fit, so that what was created is reported whatever others take. */
#define USUAL_REQUEST_BYTES ((size_t)16 * 1024)
#define USUAL_RESPONSE_BYTES ((size_t)64 * 1024)

static bool reserve_or_count(const struct unary_calls *calls, size_t bytes, enum metric_shed kind)
{
    if (memory_budget_reserve_most(&calls->core->budget, bytes))
        return true;
    metric_count(calls->metrics, METRIC_MEMORY_REFUSALS, kind, 0);
    return false;
}

/* A call is counted once, however often it asks. */
static bool reserve(struct arena_quota *quota, const struct arena *arena, size_t bytes)
{
    const struct call_memory *memory = (struct call_memory *)quota;
    struct memory_budget *budget = &memory->calls->core->budget;
    if (arena->refused)
        return memory_budget_reserve_most(budget, bytes);
    if (arena->taken + bytes > memory->usual_bytes)
        return reserve_or_count(memory->calls, bytes, memory->kind);
    memory_budget_charge(budget, bytes);
    return true;
}

static void release(struct arena_quota *quota, size_t bytes)
{
    const struct call_memory *memory = (struct call_memory *)quota;
    memory_budget_release(&memory->calls->core->budget, bytes);
}

void call_memory_init(struct unary_calls *calls)
{
    calls->request_memory =
        (struct call_memory){{reserve, release}, calls, USUAL_REQUEST_BYTES, METRIC_SHED_CALL};
    calls->response_memory =
        (struct call_memory){{reserve, release}, calls, USUAL_RESPONSE_BYTES, METRIC_SHED_RESPONSE};
}

struct arena_quota *call_request_memory(const struct call *call)
{
    return &call->unary->calls->request_memory.quota;
}

struct arena_quota *call_response_memory(const struct call *call)
{
    return &call->unary->calls->response_memory.quota;
}

bool call_reserve_response(struct call *call, size_t bytes, bool must)
{
    const struct unary_calls *calls = call->unary->calls;
    if (must)
        memory_budget_charge(&calls->core->budget, bytes);
    else if (!reserve_or_count(calls, bytes, METRIC_SHED_RESPONSE))
        return false;
    call->response_size = bytes;
    return true;
}
