/* SPDX-License-Identifier: MIT */
/*
 * What a TLS handshake with a caller needs, made of files: certificate chain, key, and the CAs that
 * callers' certificates are verified with. Made whole or not at all, so that a half-written change
 * never serves. Any thread; it waits for the disk.
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
    const char *client_ca; /* NULL: callers have no certificates */
};

struct tls_files tls_files_of(const struct config *config);

struct tls_context {
    struct ssl_ctx_st *handshakes;
    unsigned char digest[PEM_DIGEST_BYTES]; /* of the files' content */
    int64_t ends_s;                         /* when the certificate does; of time() */
};

/*
 * TLS 1.2 and above with forward secrecy (RFC 9113 section 9.2.2), ALPN "h2", no renegotiation and
 * no resumption, so that nobody gets in by a session of a CA that is no longer trusted. With
 * `client_ca` a handshake needs a certificate that one of these CAs vouches for.
 * FAILED_PRECONDITION, naming the file and never its content, when one cannot be read or used, and
 * when key and certificate are no pair.
 */
must_use bool tls_context_load(const struct tls_files *files, struct tls_context *context,
                               struct status *status);

void tls_context_clear(struct tls_context *context); /* also of zeros */

/* "the certificate ends at 2027-01-31T12:34:56Z", for people. */
void tls_context_describe(const struct tls_context *context, struct status *summary);
bool tls_context_has_ended(const struct tls_context *context);
