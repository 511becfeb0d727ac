/* SPDX-License-Identifier: MIT */
/*
 * The gRPC server: listeners, the methods of the schema, health and reflection, and the poller's
 * thread. The main thread opens, drains and frees it.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "base/status.h"
#include "config/config.h"
#include "schema/schema.h"
#include "server/call.h"
#include "system/reload.h"
#include "system/watchdog.h"
#include "telemetry/metric.h"

struct server;

/* Called on the main thread, unless a comment names another. */
struct server_events {
    void (*listening)(const char *address, void *context);
    /* A connection was refused; `why` is the option that limits connections, the kernel's reason,
     * or the reason why a TLS handshake failed. The main thread, or the front's. */
    void (*refused)(const char *why, void *context);
    /* A connection was closed because of its peer's behaviour. Any thread. */
    void (*disconnected)(const char *peer, const char *why, void *context);
    /* All calls have ended after server_drain; the server may be freed. */
    void (*drained)(void *context);
    void *context;
    struct metrics *metrics;                    /* of connections and of memory for calls */
    struct watchdog *watchdog;                  /* of the threads; NULL: they are not watched */
    struct reload_listener certificate_changes; /* of the files of TLS */
};

/*
 * Listens and serves. FAILED_PRECONDITION when an address cannot be listened on or a file of TLS
 * cannot be used. config, schema and the handler's context must outlive the server.
 */
must_use bool server_open(const struct config *config, const struct schema *schema,
                          struct event_base *loop, const struct call_handler *handler,
                          const struct server_events *events, struct server **server,
                          struct status *status);

/* Reads the files of TLS without using them: describes the certificate, and returns in
 * `has_expired` whether it has. FAILED_PRECONDITION, naming the file, when one cannot be used. Any
 * thread. */
must_use bool server_check_tls(const struct config *config, bool *has_expired,
                               struct buffer *summary, struct status *status);

/* Sets what health reports, for the server ("") and each service. Any thread. */
void server_set_serving(struct server *server, bool serving);

/* Stops listening, sends callers a GOAWAY and lets the calls under way finish. Once. */
void server_drain(struct server *server);

/* Refuses calls that open from now on, before all others are ended. */
void server_refuse(struct server *server);

/* Number of calls under way, and of callers' connections. The main thread. */
size_t server_in_flight(const struct server *server);
size_t server_connections(const struct server *server);

/* The budget for what callers make the process take (--max-memory). Valid as long as the server;
 * any thread. */
const struct memory_budget *server_memory(const struct server *server);

/* Ends everything that is left after server_drain, also calls whose request never came as a whole
 * and connections whose callers do not read. */
void server_cancel_all(struct server *server);

/* After `drained`. NULL is allowed. */
void server_free(struct server *server);
