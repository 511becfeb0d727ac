/* SPDX-License-Identifier: MIT */
/*
 * A TLS server in a thread for tests in process: for each connection it plays one script, and
 * counts what it saw. Its certificate is made on the spot, for localhost.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_peer;

/* The steps of a connection, from left to right. */
enum tls_act {
    TLS_END = 0,
    TLS_READ_REQUEST,   /* reads one whole request */
    TLS_RESPONSE,       /* sends the peer's answer text */
    TLS_HALF_RESPONSE,  /* sends the first half of it */
    TLS_CLOSE,          /* close_notify and FIN */
    TLS_RESPONSE_CLOSE, /* the answer, close_notify and FIN, in one segment */
    TLS_RESET,          /* RST */
    TLS_HOLD,           /* waits until the client is gone */
};

struct tls_script {
    const char *response;
    enum tls_act acts[16]; /* at its end the connection is closed */
};

/* `folder` gets cert.pem and key.pem, made on the spot for localhost. */
void tls_peer_certificate(const char *folder);

/* `folder` gets cert.pem. Connection n plays scripts[n], later ones the last. */
struct tls_peer *tls_peer_start(const char *folder, const struct tls_script *scripts,
                                unsigned script_count);
void tls_peer_stop(struct tls_peer *peer);

uint16_t tls_peer_port(const struct tls_peer *peer);
unsigned tls_peer_connections(const struct tls_peer *peer);
unsigned tls_peer_requests(const struct tls_peer *peer);
unsigned tls_peer_open(const struct tls_peer *peer); /* connections that have not ended */
