/* SPDX-License-Identifier: MIT */
/*
 * Ends callers' TLS: handshakes, and the tunnels between TLS connections and socket pairs whose
 * other ends C-core serves like plaintext connections. All of it runs on a thread of its own, so
 * that callers at full load never hold up signals, probes or accepting. A caller whose handshake
 * and HTTP/2 preface take longer than the handshake timeout is disconnected. Thread: the main
 * thread opens, adds connections, stops and frees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "server/access.h"
#include "server/tls_context.h"
#include "system/reload.h"
#include "system/watchdog.h"

struct tls;

/* They are called on TLS's thread. */
struct tls_events {
    /* A caller has sent the HTTP/2 preface: takes over the descriptor. `names` are those of the
     * certificate with which the caller authenticated; they are views and valid for this call
     * only. */
    void (*accepted)(int fd, const struct identity *names, size_t count, void *context);
    /* A handshake failed; the reason. */
    void (*refused)(const char *why, void *context);
    void *context;
};

struct tls_settings {
    struct tls_files files; /* their paths outlive it */
    int64_t handshake_timeout_ns;
    struct reload_listener changes; /* of the files */
    struct watchdog *watchdog;      /* NULL: the thread is not watched */
};

/* Reads the files, and again when they change; what is read is for handshakes from then on. Starts
 * the thread. FAILED_PRECONDITION names a file that cannot be used now; INTERNAL when descriptors
 * or threads run out. */
must_use bool tls_open(const struct tls_settings *settings, const struct tls_events *events,
                       struct tls **tls, struct status *status);

/* Takes over an accepted connection, `outer`, that does not block, and a socket pair: the tunnel
 * ends at `inner`, and `accepted` gets `core`. */
void tls_add(struct tls *tls, int outer, int inner, int core);

/* Closes the connections that have not been accepted; none is accepted after this has returned. */
void tls_stop(struct tls *tls);

/* Gives callers a moment to receive all that C-core has written, and closes everything. NULL is
 * allowed. */
void tls_free(struct tls *tls);
