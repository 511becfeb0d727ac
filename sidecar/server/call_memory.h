/* SPDX-License-Identifier: MIT */
/* The part of --max-memory that calls take while they are under way: beside what the front counts,
 * the memory into which requests are decoded and responses are read. */
#pragma once

#include "base/arena.h"
#include "telemetry/metric.h"

struct unary_calls;

struct call_memory {
    struct arena_quota quota;
    struct unary_calls *calls;
    size_t usual_bytes; /* an arena may have these in any case */
    enum metric_shed kind;
};

void call_memory_init(struct unary_calls *calls);
