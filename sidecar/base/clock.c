/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#include "base/banned.h"

int64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

static char *put(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

void clock_stamp(char stamp[CLOCK_STAMP_BYTES])
{
    struct timespec now;
    struct tm day;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    char *at = put(stamp, day.tm_year + 1900, 4);
    *at++ = '-', at = put(at, day.tm_mon + 1, 2);
    *at++ = '-', at = put(at, day.tm_mday, 2);
    *at++ = 'T', at = put(at, day.tm_hour, 2);
    *at++ = ':', at = put(at, day.tm_min, 2);
    *at++ = ':', at = put(at, day.tm_sec, 2);
    *at++ = '.', at = put(at, (int)(now.tv_nsec / CLOCK_NS_PER_MS), 3);
    *at++ = 'Z', *at = '\0';
}
