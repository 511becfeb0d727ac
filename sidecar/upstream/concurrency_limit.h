/* SPDX-License-Identifier: MIT */
/*
 * How many exchanges a thread may have under way at a time, learned from how long they take. While
 * calls wait and exchanges are as short as the best that was seen, the limit doubles with each
 * round of exchanges, and by less once it has shrunk: by a half, or by one when they are nearly as
 * short. When they take longer they queue inside the upstream, where calls cannot be rejected with
 * a time to retry after: the limit shrinks in proportion, and the best is measured anew. An
 * exchange that lasts much longer than usual is taken to hang: its lease is over, and it no longer
 * counts against the limit, so that it keeps no other call from being sent. Pure; one thread has
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* The limit at first, of all threads together: what even a small upstream can work off. */
#define CONCURRENCY_LIMIT_FIRST 8

/* A lease is that many times the usual duration, and at least that long. */
#define CONCURRENCY_LIMIT_LEASE 4
#define CONCURRENCY_LIMIT_SHORTEST_LEASE_NS (250 * CLOCK_NS_PER_MS)

/* The lease before any response, when an upstream that hangs and one that is slow look alike. */
#define CONCURRENCY_LIMIT_FIRST_LEASE_NS CLOCK_NS_PER_S

enum exchange_ending {
    EXCHANGE_RESPONDED,
    EXCHANGE_MISSED, /* its deadline passed before a response came */
    EXCHANGE_BROKE,  /* another end, which says nothing about the upstream's speed */
};

struct concurrency_limit {
    size_t now, most;
    size_t reach;    /* that growth may reach while calls wait */
    bool grows;      /* at once: nothing has shown yet that more exchanges take longer */
    bool is_short;   /* calls have waited for it since the last judgement */
    bool stalls;     /* nothing was answered during a whole lease: it is unknown which calls hang */
    double usual_ns; /* duration of an exchange that is answered; 0 before the first response */
    double best_ns;  /* mean duration while nothing queues upstream; 0 before the first judgement */
    size_t times_lowered; /* and stayed so */
    double former_ns;     /* mean before the limit shrank in proportion; 0 unless it just did */
    size_t former;        /* the limit before */

    /* The exchanges that are judged together: the first `enough` that began since `from_ns`. */
    size_t enough, began, ended, answered;
    size_t missed; /* their deadlines, after a time in which they should have been answered */
    double took_ns, took_squared; /* sums, of those answered */
    int64_t from_ns, to_ns;
    int64_t settles_ns; /* 0, or the limit was lowered: the next exchange begins after a queue of
                           before, and those that begin within that time are not judged */

    int64_t answered_ns; /* when the last response that counts came */
    int64_t stalled_ns;  /* when a lease was last over during which nothing was answered */
};

/* Begins with `first`, at most `most`. */
void concurrency_limit_init(struct concurrency_limit *limit, size_t first, size_t most);

/* How long an exchange counts from its beginning on. */
int64_t concurrency_limit_lease_ns(const struct concurrency_limit *limit);

/* An exchange begins. */
void concurrency_limit_began(struct concurrency_limit *limit, int64_t now_ns);

/* The lease of an exchange that began then is over. */
void concurrency_limit_lapsed(struct concurrency_limit *limit, int64_t began_ns, int64_t now_ns);

/* An exchange has ended; `lapsed`: after its lease. Returns whether its duration says something
 * about the others': one that lapsed does only while nothing else is answered. */
bool concurrency_limit_ended(struct concurrency_limit *limit, enum exchange_ending ending,
                             bool lapsed, int64_t began_ns, int64_t now_ns);

/* Whether the newest call begins first: it has most time left while it is unknown which calls hang,
 * and until those that are known to be answered again have been served. */
bool concurrency_limit_prefers_newest(const struct concurrency_limit *limit, int64_t now_ns);

/* Calls wait although the limit is in use. */
void concurrency_limit_wanted(struct concurrency_limit *limit);
