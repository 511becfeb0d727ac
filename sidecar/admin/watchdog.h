/* SPDX-License-Identifier: MIT */
/*
 * Whether all threads still turn. Each is asked again and again, and one that has not answered for
 * several rounds is stuck. Rounds are counted, not seconds, so that a process that was halted as a
 * whole is not taken for one that hangs. The main thread, which itself turns when it is asked.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "system/thread_ping.h"

struct heartbeat;

/* Makes thread `number` of `context` answer `pulse` soon, from its own loop. */
typedef void heartbeat_ask(void *context, size_t number, struct pulse *pulse);

struct heartbeat *heartbeat_new(struct event_base *loop, int64_t round_ns);

/* Asks that thread too; `name` is a literal. What it asks must outlive heartbeat_stop, and be gone
 * before heartbeat_free. */
void heartbeat_add(struct heartbeat *heartbeat, const char *name, heartbeat_ask *ask, void *context,
                   size_t number);

/* Asks nobody from now on; NULL is allowed. */
void heartbeat_stop(struct heartbeat *heartbeat);

void heartbeat_free(struct heartbeat *heartbeat); /* NULL is allowed */

/* False when a thread is stuck; why, in a few words. Answers at once. */
bool heartbeat_is_regular(const struct heartbeat *heartbeat, struct buffer *why);
