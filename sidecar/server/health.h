/* SPDX-License-Identifier: MIT */
/*
 * grpc.health.v1.Health: Check and Watch for the server ("") and each service of the schema
 * (grpc/health/v1/health.proto). Between server.c and its streams; the thread is said with each
 * function.
 */
#pragma once

#include <stdbool.h>

#include "schema/schema.h"
#include "server/core.h"

struct health;

/* Registers the methods; before the server starts. */
struct health *health_new(grpc_server *server, grpc_completion_queue *queue,
                          const struct schema *schema, struct rpc_tracker *tracker);

/* Takes calls from now on; after the server has started, before the poller runs. */
void health_start(struct health *health);

/* What is answered from now on; watchers are told. Any thread. */
void health_set(struct health *health, bool serving);

/* Tells watchers NOT_SERVING and ends their streams with UNAVAILABLE, so that they do not hold up a
 * drain. Any thread. */
void health_end(struct health *health);

/* After the queue has been drained; NULL is allowed. */
void health_free(struct health *health);
