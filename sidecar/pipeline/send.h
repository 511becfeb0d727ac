/* SPDX-License-Identifier: MIT */
/*
 * The commit point and the hand-over to the upstream. A client retries a call until it has received
 * response headers (gRFC A6, "committed"). So they go to the caller before the first byte of a
 * request that may change something leaves, and not before it is about to leave. After the
 * hand-over the transaction is the upstream's.
 */
#pragma once

#include "pipeline/transaction.h"

/*
 * Sends the first attempt. If a connection is free, it is reserved and the call is committed at
 * once; the request is handed over when the commit has arrived. Otherwise the request is handed
 * over first and the upstream commits it when its turn comes. The poller's thread.
 */
void send_first(struct transaction *transaction);

/* Sends a later attempt, or a look-up. The thread that has the transaction. */
void send_next(struct transaction *transaction);

/* A call_handler's `committed` and `cancelled`. */
void send_committed(struct call *call, bool good, void *context);
void send_cancelled(struct call *call, void *context);
