/* SPDX-License-Identifier: MIT */
/*
 * TLS for callers: the certificate, key and client CAs in force. The files are read again when they
 * change. The main thread opens and frees.
 */
#pragma once

#include "base/status.h"
#include "server/tls_context.h"
#include "system/reload.h"

struct ssl_st; /* OpenSSL's SSL */
struct tls;

/* Reads the files, whose paths outlive it, and again when they change; their content is for
 * handshakes from then on. FAILED_PRECONDITION names a file that cannot be used now. */
must_use bool tls_open(const struct tls_files *files, const struct reload_listener *changes,
                       struct tls **tls, struct status *status);

/* A new connection on a descriptor, whose handshake is still to be made. Any thread. */
struct ssl_st *tls_session(struct tls *tls, int fd);

/* NULL is allowed. */
void tls_free(struct tls *tls);
