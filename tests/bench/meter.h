/* SPDX-License-Identifier: MIT */
/* How long something takes, and how many instructions where the kernel lets us count them. One
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct meter {
    int counter; /* a descriptor of perf_event_open, or -1 */
};

struct reading_of_meter {
    double nanoseconds;
    double instructions; /* negative when they cannot be counted */
};

void meter_init(struct meter *meter);
void meter_clear(struct meter *meter);

/* What one run costs: the cheapest of some rounds, each of which is long enough to be timed. */
struct reading_of_meter meter_measure(struct meter *meter, void (*run)(void *context),
                                      void *context);
