/* SPDX-License-Identifier: MIT */
/*
 * How much of a slow upstream's capacity do callers get, by the modules that decide it, in virtual
 * time? The upstream works on some requests at once; others queue there, and are worked on also
 * after their caller has given up. Hung requests take none of its places. Calls arrive at a fixed
 * rate, whatever their results. Exits with 1 when a promise is not kept.
 */
#include <stdio.h>
#include <stdlib.h>

#include "simulation.h"

struct row {
    const char *name;
    struct simulation_upstream upstream;
    double promised; /* least goodput of all runs; 0: none */
};

static const struct row rows[] = {
    {"32 x 0.5 s", {.places = 32, .takes_s = 0.5}, 0.92},
    {"8 x 0.5 s", {.places = 8, .takes_s = 0.5}, 0.88},
    {"2 x 0.5 s", {.places = 2, .takes_s = 0.5}, 0.75},
    {"8 x 2 s", {.places = 8, .takes_s = 2}, 0.88},
    {"32 x 5 s", {.places = 32, .takes_s = 5}, 0.90},
    {"128 x 0.5 s", {.places = 128, .takes_s = 0.5}, 0.92},
    {"512 x 1 s", {.places = 512, .takes_s = 1}, 0},
    {"8 x 0.5 s, jitter 0.8", {.places = 8, .takes_s = 0.5, .jitter = 0.8}, 0},
    {"32 x 0.5 s, jitter 0.8", {.places = 32, .takes_s = 0.5, .jitter = 0.8}, 0},
    {"128 x 0.5 s, jitter 0.8", {.places = 128, .takes_s = 0.5, .jitter = 0.8}, 0},
    {"32 x 0.5 s, 10 % hung", {.places = 32, .takes_s = 0.5, .hung = 0.1}, 0.85},
    {"32 x 0.5 s, 30 % hung", {.places = 32, .takes_s = 0.5, .hung = 0.3}, 0},
    {"64 x 0.5 s, then 16", {.places = 64, .takes_s = 0.5, .places_later = 16}, 0},
};

static bool verdict(bool good)
{
    printf(" %s |\n", good ? "kept" : "BROKEN");
    return good;
}

static bool overload(const struct row *row)
{
    struct simulation_result cold = simulate_overload(&row->upstream, false);
    struct simulation_result warm = simulate_overload(&row->upstream, true);
    printf("| %s | %.0f %% (%.0f %%) | %.0f %% (%.0f %%) | %.2f s | %.0f %% |", row->name,
           100 * cold.goodput, 100 * cold.least_goodput, 100 * warm.goodput,
           100 * warm.least_goodput, warm.p50_s, 100 * warm.vain);
    if (row->promised == 0) {
        printf(" |\n");
        return true;
    }
    printf(" %.0f %%,", 100 * row->promised);
    return verdict(cold.least_goodput >= row->promised && warm.least_goodput >= row->promised);
}

static bool hung(const char *name, bool warm, double longest_p50_s)
{
    struct simulation_result result = simulate_hung(200, 50, warm);
    printf("| 200 hung, then 50 others with 5 s, %s | %zu served, p50 %.2f s | 50, p50 %.1f s,",
           name, result.served, result.p50_s, longest_p50_s);
    return verdict(result.served == 50 && result.p50_s <= longest_p50_s);
}

static bool cold_start(void)
{
    struct simulation_result result = simulate_callers(1, 1000, 3000, 30);
    printf("| cold, 1 s, 3,000 calls of 1,000 callers with 30 s | %zu refused, all served after "
           "%.1f s | 0,",
           result.refused, result.ended_s);
    return verdict(result.served == 3000);
}

static bool ramp(void)
{
    struct simulation_result result = simulate_callers(0.05, 1000, 3000, 30);
    double rate = 3000 / result.ended_s;
    printf("| cold, 50 ms, 3,000 calls of 1,000 callers | %.0f calls/s | 4,000,", rate);
    return verdict(rate >= 4000);
}

int main(void)
{
    bool good = true;
    printf(
        "| places x time | cold | warm | p50 | in vain | promised |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        good = overload(&rows[i]) && good;
    printf("\n| case | result | promised |\n|---|---|---|\n");
    good = hung("cold", false, 3) && good;
    good = hung("warm", true, 0.5) && good;
    good = cold_start() && good;
    good = ramp() && good;
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
