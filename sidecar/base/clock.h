/* SPDX-License-Identifier: MIT */
/* Time: one that only goes forward, for deadlines and durations, and the calendar's, for people.
 * Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

/* Nanoseconds of CLOCK_MONOTONIC: positive, and the same clock that C-core's GPR_CLOCK_MONOTONIC
 * reads. */
int64_t clock_now_ns(void);

/* Nanoseconds since 1970 by the calendar's clock. */
int64_t clock_calendar_ns(void);

/* "2026-01-31T12:34:56.789Z" and its terminator. */
#define CLOCK_STAMP_BYTES 25

/* The calendar's time now, RFC 3339 in UTC, to the millisecond. */
void clock_stamp(char stamp[CLOCK_STAMP_BYTES]);

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S INT64_C(1000000000)

/* A duration, not negative, as timers of libevent take it; to the microsecond. */
static inline struct timeval clock_timeval(int64_t ns)
{
    return (struct timeval){.tv_sec = ns / CLOCK_NS_PER_S, .tv_usec = ns % CLOCK_NS_PER_S / 1000};
}
