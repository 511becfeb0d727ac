/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/date.h"

#include "base/banned.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_calendar_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

static void put_second(char stamp[CLOCK_STAMP_BYTES], time_t second)
{
    date_write(stamp, second);
    memcpy(stamp + DATE_SIZE, ".000Z", sizeof ".000Z");
}

/* Each thread keeps the second that it formatted last, because many lines of a log fall into one
 * second. */
void clock_stamp(char stamp[CLOCK_STAMP_BYTES])
{
    static _Thread_local char kept[CLOCK_STAMP_BYTES];
    static _Thread_local time_t kept_second = -1;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != kept_second) {
        put_second(kept, now.tv_sec);
        kept_second = now.tv_sec;
    }
    memcpy(stamp, kept, CLOCK_STAMP_BYTES);
    date_digits(stamp + DATE_SIZE + 1, (int)(now.tv_nsec / CLOCK_NS_PER_MS), 3);
}
