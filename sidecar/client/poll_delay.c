/* SPDX-License-Identifier: MIT */
#include "client/poll_delay.h"

#include <time.h>

#include "base/clock.h"
#include "client/local_http.h"

#include "base/banned.h"

#define FIRST_NS (10 * CLOCK_NS_PER_MS)
#define LONGEST_NS (500 * CLOCK_NS_PER_MS)

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct poll_delay poll_delay_begin(int64_t timeout_ns)
{
    return (struct poll_delay){.until_ns = clock_now_ns() + timeout_ns, .delay_ns = FIRST_NS};
}

bool poll_delay_is_over(const struct poll_delay *delay)
{
    return clock_now_ns() >= delay->until_ns;
}

int64_t poll_delay_response_end(const struct poll_delay *delay)
{
    return earlier(clock_now_ns() + LOCAL_HTTP_RESPONSE_NS, delay->until_ns);
}

void poll_delay_sleep(struct poll_delay *delay)
{
    int64_t left_ns = earlier(delay->delay_ns, delay->until_ns - clock_now_ns());
    if (left_ns > 0)
        nanosleep(&(struct timespec){.tv_sec = left_ns / CLOCK_NS_PER_S,
                                     .tv_nsec = left_ns % CLOCK_NS_PER_S},
                  NULL);
    delay->delay_ns = earlier(delay->delay_ns * 2, LONGEST_NS);
}
