/* SPDX-License-Identifier: MIT */
/*
 * How fast callers may open calls that come to nothing. A call that is left unfinished costs the
 * caller two frames and the sidecar a whole call (CVE-2023-44487); one that the front rejects costs
 * about a tenth of that. A connection may leave --max-streams unfinished in a second, and the
 * connections of a peer --max-streams-per-peer together, also when each of them is closed at once.
 * A trusted proxy speaks for many callers: each of its connections counts as a peer, and is read
 * more slowly rather than ended. The front's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct front_connection;

/* A call ended before its response was complete: the caller reset it, gave up its connection or
 * broke a rule. */
void front_pace_unfinished(struct front_connection *connection);

/* Counts the calls that were opened and rejected since the last time, and returns until when the
 * connection is not to be read: 0 or in the past when it may be read. */
int64_t front_pace_until(struct front_connection *connection, int64_t now_ns);

/* True when the connection has fewer than 16 calls open, so that it may open one more whatever the
 * other connections of its peer do. */
bool front_pace_is_modest(const struct front_connection *connection);

/* True when a call is not to be taken, because the peer leaves too many unfinished and the
 * connection has more than a few open. */
bool front_pace_refuses(const struct front_connection *connection);
