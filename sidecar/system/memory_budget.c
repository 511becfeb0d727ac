/* SPDX-License-Identifier: MIT */
#include "system/memory_budget.h"

#include "base/banned.h"

#define DEFAULT_LIMIT (UINT64_C(512) << 20)

/* Peers get this part of the memory, however large the idle process is. */
#define LEAST_PART 4

uint64_t memory_budget_default(uint64_t cgroup_limit)
{
    return cgroup_limit ? cgroup_limit / 4 * 3 : DEFAULT_LIMIT;
}

void memory_budget_init(struct memory_budget *budget, uint64_t whole, uint64_t idle)
{
    uint64_t least = whole / LEAST_PART;
    budget->limit = (size_t)(whole > idle + least ? whole - idle : least);
    atomic_init(&budget->used, 0);
    atomic_init(&budget->peak, 0);
}

/* All accesses are relaxed: a sum is right in any order of its changes, and the memory itself is
 * handed over by other means. */

static void note_peak(struct memory_budget *budget, size_t used)
{
    if (used > atomic_load_explicit(&budget->peak, memory_order_relaxed))
        atomic_store_explicit(&budget->peak, used, memory_order_relaxed);
}

static bool reserve_below(struct memory_budget *budget, size_t size, size_t limit)
{
    size_t used = atomic_load_explicit(&budget->used, memory_order_relaxed);
    do {
        if (used > limit || size > limit - used)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&budget->used, &used, used + size,
                                                    memory_order_relaxed, memory_order_relaxed));
    note_peak(budget, used + size);
    return true;
}

bool memory_budget_reserve(struct memory_budget *budget, size_t size)
{
    return reserve_below(budget, size, budget->limit);
}

bool memory_budget_reserve_most(struct memory_budget *budget, size_t size)
{
    return reserve_below(budget, size, budget->limit / 4 * 3);
}

void memory_budget_charge(struct memory_budget *budget, size_t size)
{
    note_peak(budget, atomic_fetch_add_explicit(&budget->used, size, memory_order_relaxed) + size);
}

void memory_budget_release(struct memory_budget *budget, size_t size)
{
    atomic_fetch_sub_explicit(&budget->used, size, memory_order_relaxed);
}

size_t memory_budget_used(const struct memory_budget *budget)
{
    return atomic_load_explicit(&budget->used, memory_order_relaxed);
}

size_t memory_budget_take_peak(struct memory_budget *budget)
{
    return atomic_exchange_explicit(&budget->peak, memory_budget_used(budget),
                                    memory_order_relaxed);
}

bool memory_budget_is_spent(const struct memory_budget *budget)
{
    return memory_budget_used(budget) >= budget->limit;
}

static size_t subtract(size_t from, size_t size)
{
    return from > size ? from - size : 0;
}

/* The part of the budget that is left to a peer. */
static size_t left_to(const struct memory_budget *budget, const struct memory_share *peer)
{
    size_t others = subtract(memory_budget_used(budget), peer->used);
    return subtract(subtract(budget->limit, others) / 4 * 3, peer->used);
}

static bool is_fair(const struct memory_budget *budget, struct memory_shares shares, size_t size)
{
    size_t wanted = shares.own->used + size;
    return wanted <= MEMORY_LEAST_SHARE ||
           wanted <= 2 * subtract(left_to(budget, shares.peer), size);
}

static void add(struct memory_shares shares, size_t size)
{
    shares.own->used += size;
    shares.peer->used += size;
}

bool memory_share_reserve(struct memory_budget *budget, struct memory_shares shares, size_t size)
{
    if (!is_fair(budget, shares, size) || !memory_budget_reserve(budget, size))
        return false;
    add(shares, size);
    return true;
}

void memory_share_charge(struct memory_budget *budget, struct memory_shares shares, size_t size)
{
    memory_budget_charge(budget, size);
    add(shares, size);
}

void memory_share_release(struct memory_budget *budget, struct memory_shares shares, size_t size)
{
    memory_budget_release(budget, size);
    shares.own->used -= size;
    shares.peer->used -= size;
}
