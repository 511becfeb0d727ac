/* SPDX-License-Identifier: MIT */
/*
 * Carries bytes between a TLS connection and a plain socket, in both directions until both have
 * ended. It keeps at most one piece for each direction, and none while a connection is idle: it
 * does not read from one side while the other does not take bytes, so that the sender is slowed
 * down. The loop's thread.
 */
#pragma once

#include <event2/event.h>

/* One record of TLS. */
#define TUNNEL_PIECE_BYTES 16384

struct ssl_st; /* OpenSSL's SSL */
struct tunnel;

/*
 * Takes over `tls`, whose handshake on the descriptor `outer` is complete, and the descriptors
 * `outer` and `inner`; neither blocks. When one side ends, the other is ended once all bytes before
 * that have been passed on: after the last byte of `inner` the peer gets close_notify and the end
 * of the stream, and time to read. `ended` is called once, from the loop; the tunnel then has to be
 * freed. `piece` is memory that all tunnels of a loop share.
 */
struct tunnel *tunnel_new(struct event_base *loop, struct ssl_st *tls, int outer, int inner,
                          char piece[TUNNEL_PIECE_BYTES], void (*ended)(void *context),
                          void *context);

/* Closes everything at once. */
void tunnel_free(struct tunnel *tunnel);
