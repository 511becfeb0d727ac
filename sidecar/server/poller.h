/* SPDX-License-Identifier: MIT */
/* Events of our own among C-core's: whoever rings with a tag finds it called on the poller's
 * thread. */
#pragma once

#include "server/core.h"

struct bell;

struct bell *bell_new(grpc_completion_queue *queue);

/* Any thread, until the queue is shut down. A tag may be rung again once it has been called. */
void bell_ring(struct bell *bell, struct tag *tag);

/* After the queue has been drained; NULL is allowed. */
void bell_free(struct bell *bell);
