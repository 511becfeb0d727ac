/* SPDX-License-Identifier: MIT */
/*
 * The front: the one way from every caller's connection, TCP or Unix, plain or TLS, to C-core. Each
 * connection passes through an HTTP/2 guard and ends at a socket pair, whose other end C-core
 * serves, so that C-core never parses a caller's bytes. Limits of connections, the timeouts of
 * handshake and idleness, --max-age and the drain's GOAWAY are kept here, once for all listeners.
 * One thread of its own, so that callers at full load never hold up signals, probes or accepting.
 * The main thread opens and frees it; any thread may call the functions that say so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/status.h"
#include "config/config.h"
#include "http2/guard.h"
#include "server/peer.h"
#include "system/memory_budget.h"
#include "system/reload.h"
#include "system/task_queue.h"
#include "system/watchdog.h"
#include "telemetry/metric.h"

struct front;

#define FRONT_UNKNOWN_METHOD UINT16_MAX

/* Called on the front's thread, unless a comment names another. */
struct front_events {
    /* A caller has sent the HTTP/2 preface: C-core takes over its end of the socket pair. */
    void (*opened)(int core, void *context);
    /* A connection was refused: the reason. */
    void (*refused)(const char *why, void *context);
    /* A connection was closed because of its peer's behaviour. */
    void (*disconnected)(const char *peer, const char *why, void *context);
    /* A number for a method, which a refusal has; FRONT_UNKNOWN_METHOD: it is not served. NULL: 0.
     */
    uint16_t (*find_method)(struct text path, void *context);
    /* Why a method is not served that somebody might expect; NULL without a reason. */
    const char *(*unserved_reason)(struct text path, void *context);
    /* A call ends with a status before C-core ends it: fills what is sent with it. NULL: nothing is
     * sent. */
    void (*refused_call)(struct guard_refusal *refusal, const struct peer *peer, void *context);
    /* After front_drain: the calls of all connections have ended, and C-core has lost all of its
     * ends. */
    void (*drained)(void *context);
    void *context;
    struct metrics *metrics;
    struct memory_budget *budget;
    struct watchdog *watchdog;                  /* NULL: the thread is not watched */
    struct reload_listener certificate_changes; /* of the files of TLS */
};

/* Starts the thread. FAILED_PRECONDITION names a file of TLS that cannot be used; INTERNAL when
 * descriptors or threads run out. */
must_use bool front_open(const struct config *config, const struct front_events *events,
                         struct front **front, struct status *status);

/* A connection ends earlier or later than --max-age by up to this share of it, so that connections
 * which were opened together do not end together. */
#define FRONT_AGE_SPREAD_PERCENT 10

/* Takes over an accepted descriptor that does not block and returns NULL; or returns the option
 * whose limit is reached, and leaves the descriptor. The main thread. */
const char *front_add(struct front *front, int fd, bool has_tls, const struct peer *peer);

/* Number of callers' connections. Any thread. */
size_t front_connections(struct front *front);

/* The last metadata entry of each call that C-core gets: the number by which the front knows it, in
 * decimal. Entries of the caller's with that name stand before it. */
#define FRONT_CALL_FIELD "sidecar-call"

/* A call that C-core has handed over, a member of it. */
struct front_call {
    uint64_t number;
    /* The stream of the call has ended while it was followed: its caller no longer waits. The
     * front's thread, at most once. */
    void (*ended)(struct front_call *call);
};

/* Follows a call that nobody follows and copies its peer. False when its stream has ended already.
 * Any thread. */
must_use bool front_follow(struct front *front, struct front_call *call, struct peer *peer);

/* Follows the call no longer. Returns whether it was followed until now: then `ended` is not called
 * any more. False when it was called, is being called, or the call never was followed. Any thread.
 */
bool front_unfollow(struct front *front, const struct front_call *call);

/* Returns whether the socket of the call's caller has taken everything. It has not when the caller
 * does not read. Any thread. */
bool front_has_room(struct front *front, const struct front_call *call);

/* The commit of a call, a member of it. */
struct front_commit {
    uint64_t call;                    /* its number */
    const struct guard_field *fields; /* of the response headers; they live until `done` */
    size_t field_count;
    /* The response headers are in the caller's socket; or, when `good` is false, the caller has
     * gone. The front's thread, once. */
    void (*done)(struct front_commit *commit, bool good);

    /* The front's. */
    struct task task;
    STAILQ_ENTRY(front_commit) place;
    struct front *front;
    uint32_t stream;
    uint64_t until;
};

/* Sends the response headers of a call; C-core's own are dropped when it replies. Any thread. */
void front_commit(struct front *front, struct front_commit *commit);

/* Ends all connections without losing a call: what has been sent until now is served, a GOAWAY
 * announces the end and a moment later another names the last call, and each connection closes
 * after its last response. A connection on which no HTTP/2 preface has come is closed. Once; any
 * thread. */
void front_drain(struct front *front);

/* Closes all connections at once. Any thread. */
void front_cut(struct front *front);

/* Closes what is left, after callers have had a moment to receive the last responses. NULL is
 * allowed. */
void front_free(struct front *front);
