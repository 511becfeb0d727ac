/* SPDX-License-Identifier: MIT */
#include "meter.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define ROUNDS 7
#define ROUND_NS (20 * CLOCK_NS_PER_MS)

void meter_init(struct meter *meter)
{
    struct perf_event_attr instructions = {.type = PERF_TYPE_HARDWARE,
                                           .size = sizeof instructions,
                                           .config = PERF_COUNT_HW_INSTRUCTIONS,
                                           .exclude_kernel = 1,
                                           .exclude_hv = 1};
    meter->counter = (int)syscall(SYS_perf_event_open, &instructions, 0, -1, -1, 0);
}

void meter_clear(struct meter *meter)
{
    if (meter->counter >= 0)
        close(meter->counter);
}

static uint64_t instructions_now(const struct meter *meter)
{
    uint64_t count;
    return read(meter->counter, &count, sizeof count) == (ssize_t)sizeof count ? count : 0;
}

static void repeat(void (*run)(void *context), void *context, size_t runs)
{
    for (size_t i = 0; i < runs; i++)
        run(context);
}

/* So many runs that a round takes ROUND_NS; they warm the caches as well. */
static size_t runs_of_a_round(void (*run)(void *context), void *context)
{
    for (size_t runs = 1;; runs *= 2) {
        int64_t before = clock_now_ns();
        repeat(run, context, runs);
        if (clock_now_ns() - before >= ROUND_NS)
            return runs;
    }
}

struct reading_of_meter meter_measure(struct meter *meter, void (*run)(void *context),
                                      void *context)
{
    size_t runs = runs_of_a_round(run, context);
    struct reading_of_meter least = {.instructions = -1};
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t counted_before = instructions_now(meter);
        int64_t before = clock_now_ns();
        repeat(run, context, runs);
        double nanoseconds = (double)(clock_now_ns() - before) / (double)runs;
        if (round == 0 || nanoseconds < least.nanoseconds)
            least.nanoseconds = nanoseconds;
        if (meter->counter >= 0)
            least.instructions = (double)(instructions_now(meter) - counted_before) / (double)runs;
    }
    return least;
}
