/* SPDX-License-Identifier: MIT */
/*
 * Server reflection, v1 and v1alpha (grpc/reflection/v1/reflection.proto), by which grpcurl and
 * other tools learn the schema. Files come from the schema's descriptor set; health and reflection
 * themselves are listed too.
 */
#pragma once

#include "schema/schema.h"
#include "server/core.h"

struct reflection;

/* Registers the methods; before the server starts. */
struct reflection *reflection_new(struct core *core, const struct schema *schema);

/* Takes streams from now on; after the server has started, before the poller runs. */
void reflection_start(struct reflection *reflection);

/* Ends streams that are open, so that they do not hold up a drain. Any thread. */
void reflection_end(struct reflection *reflection);

/* As streams_end_undelivered. */
void reflection_end_undelivered(struct reflection *reflection);

/* After poller_stop; NULL is allowed. */
void reflection_free(struct reflection *reflection);
