/* SPDX-License-Identifier: MIT */
/*
 * Looks after the leases of a loop's exchanges: one that outlasts its lease is taken to hang, and
 * another one may begin in its place. The loop's thread only.
 */
#pragma once

#include "upstream/loop.h"

/* False when libevent refuses. */
must_use bool leases_init(struct upstream_loop *loop);
void leases_clear(struct upstream_loop *loop);

/* An exchange is about to run. */
void leases_watch(struct upstream_loop *loop);
