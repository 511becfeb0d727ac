/* SPDX-License-Identifier: MIT */
/*
 * Notes of a TLS handshake with the upstream from which the cause of its failure can be named,
 * where libcurl reports only the first error of OpenSSL. Notes belong to one transport; its loop's
 * thread only.
 */
#pragma once

#include <stdbool.h>

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* All zero before the handshake. */
struct handshake {
    bool trusts_namesake;   /* the CA that the certificate names is trusted with another key */
    bool lacks_certificate; /* the peer asked for a client certificate */
    int alert;              /* the fatal one that the peer sent; 0 when there was none */
};

/* Takes notes of the handshakes that follow in the context; `handshake` must outlive them. The
 * peer's certificate is verified, as SSL_VERIFY_PEER says. */
void handshake_watch(struct ssl_ctx_st *context, struct handshake *handshake);

/* The cause of the failure in a sentence; NULL when the notes do not say. */
const char *handshake_refusal(const struct handshake *handshake);

/* True when the peer refused the handshake although our side of it was complete, for want of a
 * client certificate (RFC 8446 section 4.4.2.4): it has not read what was sent behind it. */
bool handshake_was_refused_late(const struct handshake *handshake);
