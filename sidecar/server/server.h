/* SPDX-License-Identifier: MIT */
/*
 * The gRPC server: listeners, the methods of the schema, health and reflection, one poller thread.
 * The main thread opens, drains and frees it.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/status.h"
#include "config/config.h"
#include "schema/schema.h"
#include "server/call.h"
#include "system/reload.h"
#include "system/thread_ping.h"
#include "telemetry/metric.h"

struct server;

/* Told on the main thread. */
struct server_events {
    void (*listening)(const char *address, void *context);
    /* A connection was refused: `why` names the option, the kernel's reason, or why a TLS handshake
     * failed. That is told on TLS's thread. */
    void (*refused)(const char *why, void *context);
    /* A connection was closed for what its peer did. Any thread. */
    void (*disconnected)(const char *peer, const char *why, void *context);
    /* All calls have ended after server_drain; it may be freed. */
    void (*drained)(void *context);
    void *context;
    struct metrics *metrics; /* for connections, and for calls of methods that are not served */
};

/*
 * Listens and serves. FAILED_PRECONDITION when an address cannot be listened on. config, schema and
 * the handler's context must outlive the server. `server` is set also when this fails, for
 * server_free.
 */
must_use bool server_open(const struct config *config, const struct schema *schema,
                          struct event_base *loop, const struct call_handler *handler,
                          const struct server_events *events, struct server **server,
                          struct status *status);

/* Reads the files of TLS again, and takes them for handshakes from now on when they are good.
 * `summary` says what news is about. The main thread. */
enum reload_result server_reload_tls(struct server *server, struct status *summary);

/* Reads the files of TLS for those who only want to know: what there is to tell, and whether the
 * certificate is over. FAILED_PRECONDITION says what is wrong. Any thread. */
must_use bool server_check_tls(const struct config *config, bool *is_over, struct status *summary);

/* A thread of the server's answers when it comes round; each once at a time, not while it is freed.
 * The main thread. */
void server_ping_poller(struct server *server, struct thread_ping *ping);
bool server_has_tls(const struct server *server);
void server_ping_tls(struct server *server, struct thread_ping *ping);

/* What health answers from now on, for the server ("") and each service. Any thread. */
void server_set_serving(struct server *server, bool serving);

/* Stops listening, tells callers to go away (GOAWAY) and lets calls under way finish. Once. */
void server_drain(struct server *server);

/* Calls that open from now on are refused, for those who are about to end all others. */
void server_refuse(struct server *server);

/* Calls under way, and connections of callers. The main thread. */
size_t server_in_flight(const struct server *server);
size_t server_connections(const struct server *server);

/* Ends what is still under way after server_drain; calls that never became whole, and callers that
 * read nothing, too. */
void server_cancel_all(struct server *server);

/* Frees it; after `drained`, or when it never opened whole. NULL is allowed. */
void server_free(struct server *server);
