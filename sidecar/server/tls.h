/* SPDX-License-Identifier: MIT */
/*
 * Callers' TLS ends here: handshakes, and the tunnels between TLS connections and socket pairs
 * whose other ends C-core serves like plaintext connections. All of it on a thread of its own, so
 * that callers at full load never hold up signals, probes or accepting. Who shakes hands or stays
 * silent longer than the patience allows is turned away.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "server/access.h"
#include "server/tls_context.h"
#include "system/reload.h"
#include "system/thread_ping.h"

struct tls;

/* Told on TLS's thread. */
struct tls_events {
    /* A caller has begun to speak HTTP/2: takes over the descriptor. `names` are those of the
     * certificate that it proved to have; they are views and do not outlast this. */
    void (*accepted)(int fd, const struct identity *names, size_t count, void *context);
    /* Why a handshake failed. */
    void (*refused)(const char *why, void *context);
    void *context;
};

/* Reads the files, which must outlive it by name, and starts the thread. FAILED_PRECONDITION names
 * the file that cannot be used. */
must_use bool tls_open(const struct tls_files *files, int64_t patience_ns,
                       const struct tls_events *events, struct tls **tls, struct status *status);

/* Reads the files again; what is good is for handshakes from now on. `summary` says what news is
 * about: the certificate, or what is wrong. The thread that opened. */
enum reload_result tls_reload(struct tls *tls, struct status *summary);

/* Takes over a connection that was accepted, without blocking, and a pair of sockets: `inner` is
 * tunnelled to, `accepted` gets the other end. The thread that opened. */
void tls_add(struct tls *tls, int outer, int inner, int other);

/* Closes who has not been admitted; nobody is any more when this returns. The thread that opened.
 */
void tls_stop(struct tls *tls);

/* Waits a moment until all that C-core has written is with the callers, and closes everything.
 * NULL is allowed. The thread that opened. */
void tls_free(struct tls *tls);

/* TLS's thread answers when it comes round; once at a time. The thread that opened. */
void tls_ping(struct tls *tls, struct thread_ping *ping);
