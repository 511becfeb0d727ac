/* SPDX-License-Identifier: MIT */
/* What the calls of one unary method have in common; between server.c and call.c. */
#pragma once

#include <sys/queue.h>

#include "config/config.h"
#include "schema/schema.h"
#include "server/call.h"
#include "server/core.h"
#include "server/listener.h"
#include "telemetry/metric.h"

/* The calls of all methods that are open, in the order in which they came. The poller's thread. */
struct open_calls {
    TAILQ_HEAD(, call) list;
    int64_t looked_ns; /* when it was last looked through */
};

struct unary {
    grpc_server *server;
    grpc_completion_queue *queue;
    void *registered; /* grpc_server_register_method's */
    const struct schema_method *method;
    size_t number; /* of the method, in the schema's order */
    const struct call_handler *handler;
    const struct config *config;
    atomic_size_t *in_flight; /* calls of all methods to be answered; streams of ours are none */
    struct open_calls *open;
    struct rpc_tracker *tracker;
    struct metrics *metrics;
};

/* Asks for the next call of that method. It asks again by itself until the server shuts down.
 * Poller's thread, or before it runs. */
void unary_arm(const struct unary *unary);
