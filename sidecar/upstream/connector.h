/* SPDX-License-Identifier: MIT */
/*
 * Making connections with libcurl: names, addresses tried in turn, proxy, TLS and its verification
 * (CURLOPT_CONNECT_ONLY in multi handles driven by libevent). What is made is a link: bytes in,
 * bytes out, encrypted. One connector for each event loop; its thread only.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/text.h"
#include "upstream/upstream.h"

struct connector;
struct link;

/* UNAVAILABLE in `status` when no connection could be made, with libcurl's reason; the link is to
 * be closed then too. */
typedef void link_opened(struct link *link, bool good, const struct status *status, void *context);

must_use bool connector_new(const struct upstream_settings *settings, struct event_base *loop,
                            struct connector **connector, struct status *status);
void connector_free(struct connector *connector); /* after its links; NULL is allowed */

/* Starts to connect; `opened` is called later, once, from the loop. INTERNAL when libcurl refuses.
 */
must_use bool link_open(struct connector *connector, link_opened *opened, void *context,
                        struct link **link, struct status *status);
void link_close(struct link *link);

/* The socket, once opened; -1 when it is gone. */
int link_descriptor(const struct link *link);

enum link_result {
    LINK_DONE,   /* at least one byte moved */
    LINK_AGAIN,  /* nothing now; for a send: come back with the same bytes at the same place */
    LINK_ENDED,  /* the peer ended the stream, and said so (TLS close_notify, RFC 8446 section 6.1)
                  */
    LINK_BROKEN, /* reset, cut off or not writable: what did not come may have been meant to */
};

/* The largest piece that may be sent at once: libcurl keeps what is above one TLS record to itself,
 * and then nobody could say what has left. */
#define LINK_PIECE_BYTES 16384

enum link_result link_send(struct link *link, struct text piece, size_t *moved);
enum link_result link_receive(struct link *link, char *at, size_t room, size_t *moved);

struct link_tally {
    uint64_t written; /* bytes, TLS's own included, that were handed to the kernel so far: unchanged
                         means that nothing has left us */
    bool holds_bytes; /* some have come that the socket no longer shows */
};

struct link_tally link_tally(const struct link *link);
