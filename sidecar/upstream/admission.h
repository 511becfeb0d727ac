/* SPDX-License-Identifier: MIT */
/*
 * Which exchanges may begin now, and which would begin too late. The exchanges under way of one
 * thread, its concurrency limit and its wait estimate. Pure; one thread has it.
 */
#pragma once

#include "upstream/concurrency_limit.h"
#include "upstream/wait_estimate.h"

struct admission {
    struct concurrency_limit limit;
    struct wait_estimate estimate;
    size_t running, hung; /* exchanges under way: within their lease, and beyond it */
    int64_t began_ns;     /* when the last one did */
};

/* Begins with `first` exchanges at a time, at most `most`. */
void admission_init(struct admission *admission, size_t first, size_t most);

/* How many exchanges may be within their lease, and how many more may begin now. */
size_t admission_usable(const struct admission *admission);
size_t admission_room(const struct admission *admission);

/* An exchange begins. */
void admission_began(struct admission *admission, int64_t now_ns);

/* The lease of an exchange that began then is over: it is taken to hang. */
void admission_lapsed(struct admission *admission, int64_t began_ns, int64_t now_ns);

/* An exchange that began then has ended; `lapsed`: after its lease. */
void admission_ended(struct admission *admission, enum exchange_ending ending, bool lapsed,
                     int64_t began_ns, int64_t now_ns);

/* How long an exchange will probably wait that comes after `waiting` others while `usable`
 * connections may be used; 0 when that is not known. */
int64_t admission_wait_ns(const struct admission *admission, size_t waiting, size_t usable,
                          int64_t now_ns);

/* Whether an exchange that waits `wait_ns` is answered within `left_ns`. */
bool admission_is_in_time(const struct admission *admission, int64_t wait_ns, int64_t left_ns);

/* Whether an exchange that begins now is probably answered within `left_ns`. */
bool admission_has_time(const struct admission *admission, int64_t left_ns);
