/* SPDX-License-Identifier: MIT */
/*
 * Calls of methods that are not registered: they end with UNIMPLEMENTED and a message that names
 * the method and, when the schema has it, says why it is not served. The poller's thread, or before
 * it is started.
 */
#pragma once

#include "schema/schema.h"
#include "server/call.h"
#include "server/core.h"
#include "telemetry/metric.h"

struct unknown_method;

/* `handler->explain` makes the trailers. All arguments must outlive it. */
struct unknown_method *unknown_method_new(struct core *core, const struct schema *schema,
                                          const struct call_handler *handler,
                                          struct metrics *metrics);

/* Takes calls from now on; after the server has started. */
void unknown_method_start(struct unknown_method *unknown);

/* After poller_stop; NULL is allowed. */
void unknown_method_free(struct unknown_method *unknown);
