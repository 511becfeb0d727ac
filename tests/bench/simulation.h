/* SPDX-License-Identifier: MIT */
/*
 * A discrete-event simulation of one upstream thread: calls arrive, wait, are sent and end in
 * virtual time. The modules that decide are the sidecar's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct simulation_upstream {
    size_t places;       /* requests that it works on at once */
    size_t places_later; /* the same after a third of the load; 0: no change */
    double takes_s;
    double jitter; /* of takes_s: uniform within that share of it */
    double hung;   /* share of the requests that are never answered */
};

struct simulation_result {
    size_t served, refused; /* in time; at once */
    double goodput;         /* served, as a share of the capacity */
    double least_goodput;   /* of all runs */
    double vain;            /* share of the capacity spent on requests given up by then */
    double p50_s;           /* from arrival to response */
    double ended_s;         /* when the last call was served */
    size_t limit;           /* at the end */
};

/* Ten times the calls that the upstream can answer, for 30 s or 30 exchanges; warm: after as much
 * again. A call's deadline is four exchanges, and at least 2 s. The result is that of the run with
 * the median goodput. */
struct simulation_result simulate_overload(const struct simulation_upstream *upstream, bool warm);

/* Calls that hang, and others at the same moment that take 50 ms and have 5 s; warm: after 20 waves
 * of such others. Results are those of the others. */
struct simulation_result simulate_hung(size_t hung, size_t others, bool warm);

/* Callers that call again as soon as their call has ended; the upstream works on all at once. */
struct simulation_result simulate_callers(double takes_s, size_t callers, size_t calls,
                                          double deadline_s);
