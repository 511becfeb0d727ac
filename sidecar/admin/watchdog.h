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

struct watchdog;

/* Makes thread `number` of `context` answer `ping` soon, from its own loop. */
typedef void watchdog_ping(void *context, size_t number, struct thread_ping *ping);

struct watchdog *watchdog_new(struct event_base *loop, int64_t round_ns);

/* Asks that thread too; `name` is a literal. What it asks must outlive watchdog_stop, and be gone
 * before watchdog_free. */
void watchdog_add(struct watchdog *watchdog, const char *name, watchdog_ping *send_ping,
                  void *context, size_t number);

/* Asks nobody from now on; NULL is allowed. */
void watchdog_stop(struct watchdog *watchdog);

void watchdog_free(struct watchdog *watchdog); /* NULL is allowed */

/* False when a thread is stuck; why, in a few words. Answers at once. */
bool watchdog_all_alive(const struct watchdog *watchdog, struct buffer *why);
