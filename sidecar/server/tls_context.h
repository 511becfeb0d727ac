/* SPDX-License-Identifier: MIT */
/*
 * The server side of TLS, made of files: certificate chain, key, and the CAs that verify callers'
 * certificates. It is made as a whole or not at all, so that a half-written change is never used.
 * Any thread; it waits for the disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "config/config.h"
#include "system/pem.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* All in PEM. */
struct tls_files {
    const char *certificate, *key;
    const char *client_ca; /* NULL: callers show no certificate */
};

struct tls_files tls_files_of(const struct config *config);

struct tls_context {
    struct ssl_ctx_st *handshakes;
    unsigned char digest[PEM_DIGEST_BYTES]; /* of the files' content */
    int64_t expires_s;                      /* the certificate; of time() */
};

/*
 * Reads the files. Handshakes need TLS 1.2 or later with forward secrecy (RFC 9113 section 9.2.2)
 * and ALPN "h2"; there is no renegotiation, and no resumption, so that a session from before a
 * change of the client CAs does not get a caller in. With `client_ca` a handshake needs a
 * certificate that one of these CAs has issued. FAILED_PRECONDITION, naming the file and never its
 * content, when one cannot be read or used, and when the key is not the certificate's.
 */
must_use bool tls_context_load(const struct tls_files *files, struct tls_context *context,
                               struct status *status);

void tls_context_clear(struct tls_context *context); /* also one that is all zero */

/* Writes "the certificate expires at 2027-01-31T12:34:56Z". */
void tls_context_describe(const struct tls_context *context, struct buffer *out);
bool tls_context_has_expired(const struct tls_context *context);
