/* SPDX-License-Identifier: MIT */
/*
 * Making connections with libcurl: names, addresses tried in turn, proxy, TLS and its verification
 * (CURLOPT_CONNECT_ONLY in multi handles driven by libevent). A transport carries bytes both
 * ways, encrypted. One connector for each event loop; its thread only.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/text.h"
#include "upstream/upstream.h"

struct connector;
struct transport;
struct trust_store;

/* UNAVAILABLE in `status` when no connection could be made, with libcurl's reason; the transport is
 * to be closed then too. */
typedef void transport_opened(struct transport *transport, bool good, const struct status *status,
                              void *context);

/* True for a URL of http, whose connections have neither TLS nor a proxy. */
bool connector_is_plaintext(const char *url);

/* Verifies the upstream's certificate with `trust_store`, NULL for the system's. INTERNAL when
 * libcurl refuses. All arguments must outlive it. */
must_use bool connector_new(const struct upstream_settings *settings,
                            struct trust_store *trust_store, struct event_base *loop,
                            struct connector **connector, struct status *status);
void connector_free(struct connector *connector); /* after its transports; NULL is allowed */

/* Starts to connect; `opened` is called later, once, from the loop. INTERNAL when libcurl refuses.
 */
must_use bool transport_open(struct connector *connector, transport_opened *opened, void *context,
                             struct transport **transport, struct status *status);
void transport_close(struct transport *transport);

/* The socket, once opened; -1 when it is gone. */
int transport_descriptor(const struct transport *transport);

/* Why the TLS handshake failed, in a sentence for those who run the sidecar; NULL when there is
 * nothing better to say than what libcurl does. */
const char *transport_refusal(const struct transport *transport);

/* True when the peer has refused the handshake although our side of it was complete (RFC 8446
 * section 4.4.2.4): it has not read a byte of what was sent behind it. */
bool transport_refused_handshake(const struct transport *transport);

enum transport_result {
    TRANSPORT_DONE,   /* at least one byte moved */
    TRANSPORT_AGAIN,  /* nothing now; for a send: come back with the same bytes at the same place */
    TRANSPORT_ENDED,  /* the peer ended the stream, and said so (TLS close_notify, RFC 8446
                       * section 6.1)
                       */
    TRANSPORT_BROKEN, /* reset, cut off or not writable: bytes may be missing */
};

/* The largest piece that may be sent at once: libcurl buffers what is above one TLS record,
 * and then it is unknown what has left. */
#define TRANSPORT_PIECE_BYTES 16384

enum transport_result transport_send(struct transport *transport, struct text piece, size_t *moved);
enum transport_result transport_receive(struct transport *transport, char *at, size_t room,
                                        size_t *moved);

struct transport_tally {
    uint64_t written; /* bytes, TLS's own included, that were handed to the kernel so far: unchanged
                         means that nothing has left us */
    bool holds_bytes; /* some have come that the socket no longer shows */
};

struct transport_tally transport_tally(const struct transport *transport);
