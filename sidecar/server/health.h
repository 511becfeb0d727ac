/* SPDX-License-Identifier: MIT */
/*
 * grpc.health.v1.Health: Check and Watch for the server ("") and each service of the schema
 * (grpc/health/v1/health.proto).
 */
#pragma once

#include <stdbool.h>

#include "schema/schema.h"
#include "server/core.h"

struct health;

/* Registers the methods; before the server starts. */
struct health *health_new(struct core *core, const struct schema *schema);

/* Takes calls from now on; after the server has started, before the poller runs. */
void health_start(struct health *health);

/* Sets the status of the server and its services, and sends it to watchers. Any thread. */
void health_set(struct health *health, bool serving);

/* Sends watchers NOT_SERVING and ends their streams with UNAVAILABLE, so that they do not hold up a
 * drain. Any thread. */
void health_end(struct health *health);

/* As streams_end_undelivered. */
void health_end_undelivered(struct health *health);

/* After poller_stop; NULL is allowed. */
void health_free(struct health *health);
