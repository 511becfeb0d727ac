/* SPDX-License-Identifier: MIT */
/*
 * A budget for the memory that peers can make the program take. Its users reserve before they
 * allocate and release afterwards, so that a flood is refused in time and the kernel never has to
 * end the process. Reserving and releasing may be done from any thread; shares belong to one.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct memory_budget {
    size_t limit;
    atomic_size_t used, peak;
};

/* The memory, in bytes, that the process may take as a whole: three quarters of `cgroup_limit`, so
 * that the kernel's own share fits beside it; 512 MiB when there is no limit, which 0 says. */
uint64_t memory_budget_default(uint64_t cgroup_limit);

/* Of `whole` bytes of the process, peers get what is left beside `idle` bytes that it takes without
 * them, but at least a quarter. */
void memory_budget_init(struct memory_budget *budget, uint64_t whole, uint64_t idle);

/* False, and nothing is reserved, when the limit would be passed. */
must_use bool memory_budget_reserve(struct memory_budget *budget, size_t size);

/* The same, but the last quarter of the budget is left to others. */
must_use bool memory_budget_reserve_most(struct memory_budget *budget, size_t size);

/* For memory that is taken in any case. The limit may be passed; then nothing more can be reserved
 * before enough is released. */
void memory_budget_charge(struct memory_budget *budget, size_t size);

void memory_budget_release(struct memory_budget *budget, size_t size);

size_t memory_budget_used(const struct memory_budget *budget);

/* The most that was used since the last call, nearly: threads that reserve at once may hide each
 * other's. */
size_t memory_budget_take_peak(struct memory_budget *budget);

/* True when the limit is reached or passed. */
bool memory_budget_is_spent(const struct memory_budget *budget);

/*
 * The parts of a budget that a peer and each of its connections have, so that a greedy one leaves
 * room for others (dynamic thresholds, Choudhury and Hahne 1998). A peer may take three quarters of
 * what other peers have not taken. A connection may take twice what is then left to its peer: two
 * thirds of the peer's part when it is alone, and the more connections are greedy, the less each.
 * MEMORY_LEAST_SHARE is free of these rules, so that a modest connection is served while the budget
 * has room at all. Zeroed memory is an empty share.
 */
struct memory_share {
    size_t used;
};

struct memory_shares {
    struct memory_share *peer, *own;
};

#define MEMORY_LEAST_SHARE ((size_t)32 * 1024)

/* As memory_budget_reserve, and false when the shares do not allow it. */
must_use bool memory_share_reserve(struct memory_budget *budget, struct memory_shares shares,
                                   size_t size);

/* As memory_budget_charge. */
void memory_share_charge(struct memory_budget *budget, struct memory_shares shares, size_t size);

void memory_share_release(struct memory_budget *budget, struct memory_shares shares, size_t size);
