/* SPDX-License-Identifier: MIT */
/* The monotonic clock, for deadlines and durations, and the calendar clock, for people and dates.
 * Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

/* The time of CLOCK_MONOTONIC in nanoseconds: positive, and the same clock that C-core reads as
 * GPR_CLOCK_MONOTONIC. */
int64_t clock_now_ns(void);

/* The time of CLOCK_REALTIME: nanoseconds since 1970. */
int64_t clock_calendar_ns(void);

/* The size of "2026-01-31T12:34:56.789Z" with its terminator. */
#define CLOCK_STAMP_BYTES 25

/* Writes the current time of the calendar as RFC 3339 in UTC, to the millisecond. */
void clock_stamp(char stamp[CLOCK_STAMP_BYTES]);

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S INT64_C(1000000000)

/* Converts a duration, which is not negative, to the form that timers of libevent take, to the
 * microsecond. */
static inline struct timeval clock_timeval(int64_t ns)
{
    return (struct timeval){.tv_sec = ns / CLOCK_NS_PER_S, .tv_usec = ns % CLOCK_NS_PER_S / 1000};
}
