/* SPDX-License-Identifier: MIT */
/* The delays between the requests of a command that asks until something has happened. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct poll_delay {
    int64_t until_ns; /* of clock_now_ns: the end of the command's time */
    int64_t delay_ns; /* before the next request */
};

struct poll_delay poll_delay_begin(int64_t timeout_ns);

/* True when the command's time is over. */
bool poll_delay_is_over(const struct poll_delay *delay);

/* The end of the time for one response. */
int64_t poll_delay_response_end(const struct poll_delay *delay);

/* Sleeps, at most until the command's time is over, and doubles the next delay up to 500 ms. */
void poll_delay_sleep(struct poll_delay *delay);
