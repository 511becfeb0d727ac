/* SPDX-License-Identifier: MIT */
/*
 * Carries bytes between a TLS connection and a plain descriptor, in both directions until both have
 * ended. It holds no more than one piece for each direction, and none when a connection is quiet:
 * who is not read from waits, and so does, through him, who sends. The loop's thread only.
 */
#pragma once

#include <event2/event.h>

/* One record of TLS. */
#define TUNNEL_PIECE_BYTES 16384

struct ssl_st; /* OpenSSL's SSL */
struct tunnel;

/*
 * Takes over `tls`, which has shaken hands on the descriptor `outer` without blocking, `outer`, and
 * `inner`. What ends on one side is ended on the other when all before it has been passed on:
 * behind the last byte of `inner` the peer gets close_notify and the end of the stream, and a while
 * to read. `ended` is called once, from the loop, and then the tunnel is to be freed. `piece` is
 * room that all tunnels of a loop share.
 */
struct tunnel *tunnel_new(struct event_base *loop, struct ssl_st *tls, int outer, int inner,
                          char piece[TUNNEL_PIECE_BYTES], void (*ended)(void *context),
                          void *context);

/* Closes what is still open, at once. */
void tunnel_free(struct tunnel *tunnel);
