/* SPDX-License-Identifier: MIT */
/* Data that the calls of one unary method share, and data that the calls of all of them share.
 * server.c fills it in; call.c and reply.c use it. */
#pragma once

#include <sys/queue.h>

#include "config/config.h"
#include "schema/schema.h"
#include "server/call.h"
#include "server/call_memory.h"
#include "server/core.h"
#include "telemetry/metric.h"

struct unary_calls {
    struct core *core;
    const struct call_handler *handler;
    const struct config *config;
    struct metrics *metrics;
    struct call_memory request_memory, response_memory;
    atomic_size_t in_flight; /* calls that are not replied to yet; relaxed, as only a count */
    atomic_bool is_refusing; /* calls that open from now on may not begin */

    /* The poller's thread. */
    TAILQ_HEAD(, call) open; /* calls whose reply has not been sent, the oldest first */
};

struct unary_method {
    void *registered; /* grpc_server_register_method's */
    const struct schema_method *method;
    struct text path; /* the method's, whose size is compared before its bytes */
    struct unary_calls *calls;
};

/* Requests the next call of the method from C-core. Each call requests its successor, until the
 * server shuts down; more requested ahead would cost time and memory, because C-core looks through
 * all of them whenever an operation ends. The poller's thread, or before that is started. */
void unary_arm(const struct unary_method *unary);

/* Ends the calls whose replies have not been read CORE_DELIVERY_NS after their deadlines.
 * Regularly, on the poller's thread. */
void unary_end_undelivered(const struct unary_calls *calls);
