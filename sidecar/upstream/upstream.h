/* SPDX-License-Identifier: MIT */
/*
 * The way to the upstream: threads of its own, each with an event loop, its own connections and one
 * queue. An exchange is one request and its result. It ends exactly once, on its loop's thread,
 * with one of three facts: not one byte left us, it was perhaps processed, or it was
 * answered. Nothing is ever sent twice from here.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "http/bytes.h"
#include "http/nouns.h"
#include "system/reload.h"
#include "system/task_queue.h"
#include "system/watchdog.h"
#include "telemetry/metric.h"
#include "upstream/breaker.h"
#include "upstream/rate_gate.h"

/* Where requests go and how; the strings must outlive the upstream. */
struct upstream_settings {
    const char *name;    /* of its threads; NULL: "upstream" */
    const char *url;     /* "https://host[:port]", without a path; "http://…" for a
                            service of this node, without TLS and proxy */
    const char *ca_file; /* PEM; NULL for the system's store */
    const char *proxy;   /* "http://host:port"; NULL for none */
    size_t loops;
    size_t connections;         /* at most, for each loop */
    size_t response_bytes;      /* the largest body of a response */
    int64_t connection_idle_ns; /* a connection that has been idle for longer is closed */
    int64_t connection_age_ns;  /* then it takes no more exchanges, so that a change of the
                                   upstream's addresses takes effect */
    bool holds_secrets;         /* responses are wiped where they were read */
    struct metrics *metrics;
    struct watchdog *watchdog;         /* of the threads; NULL: they are not watched */
    struct reload_listener ca_changes; /* of ca_file */
    struct rate_ceiling rate;          /* of all loops together */
    struct rate_listener rate_changes;
};

#define UPSTREAM_AGE_NS (600 * INT64_C(1000000000))

enum exchange_outcome {
    EXCHANGE_NOT_SENT,
    EXCHANGE_PERHAPS_PROCESSED,
    EXCHANGE_ANSWERED,
};

/* Causes that end an exchange without a response, with their names as a label of metrics. */
/* clang-format off */
#define EXCHANGE_CAUSES(row) \
    row(NONE, "none") \
    row(CONNECT, "connect")                         /* no connection could be made */ \
    row(BREAKER, "breaker")                         /* none could be made, and none is tried now */ \
    row(OVERLOADED, "overloaded")                   /* its turn would come too late */ \
    row(THROTTLED, "throttled")                     /* the rate would let it go too late */ \
    row(LOST, "lost")                               /* the connection ended or broke */ \
    row(UNREADABLE_RESPONSE, "unreadable_response") /* the bytes that came are not a response */ \
    row(RESPONSE_TOO_LARGE, "response_too_large") \
    row(NO_MEMORY, "no_memory")                     /* the arena's quota refused room for it */ \
    row(DEADLINE, "deadline") \
    row(CANCELLED, "cancelled") \
    row(STOPPED, "stopped")                         /* upstream_end_all */ \
    row(CONNECTION_AGE, "connection_age")           /* the caller's connection may live no longer */ \
    row(UNPREPARED, "unprepared")                   /* the owner's `prepare` failed */
/* clang-format on */

enum exchange_cause {
#define CAUSE(id, name) EXCHANGE_CAUSE_##id,
    EXCHANGE_CAUSES(CAUSE)
#undef CAUSE
        EXCHANGE_CAUSE_COUNT
};

extern const char *const exchange_cause_names[EXCHANGE_CAUSE_COUNT];

/* Where an exchange is between upstream_send and `done`. */
enum exchange_stage {
    EXCHANGE_STAGE_NONE,       /* not with the upstream */
    EXCHANGE_STAGE_DELAYED,    /* waits until delay_ns has passed */
    EXCHANGE_STAGE_WAITING,    /* waits for its turn: a connection that it may use */
    EXCHANGE_STAGE_COMMITTING, /* its turn has come; waits for upstream_committed */
    EXCHANGE_STAGE_READY,      /* committed; takes the next connection */
    EXCHANGE_STAGE_RUNNING,    /* on a connection */
    EXCHANGE_STAGE_HUNG,       /* on a connection, for longer than its lease */
    EXCHANGE_STAGE_COUNT,
};

struct upstream_loop;
struct connection;

struct exchange {
    /* Set by its owner before upstream_send, and left alone until `done`. */
    struct http_bytes request;
    struct arena *arena;                /* the response's memory */
    int64_t deadline_ns;                /* of clock_now_ns */
    enum exchange_cause deadline_cause; /* the cause when it passes; DEADLINE at first */
    int64_t delay_ns;                   /* waits that long before it is started */
    bool was_throttled;                 /* goes back to its place in the queue; set by the owner */
    bool withdrawn; /* ends as CANCELLED, unsent: the caller is gone before its commit arrived */
    void (*done)(struct exchange *exchange); /* on the loop's thread, once; may send again */
    /* On the loop's thread, once after each upstream_cancel and each upstream_committed. */
    void (*released)(struct exchange *exchange);
    /* On the loop's thread, when a connection is at hand and before a byte leaves: starts what has
     * to be done before it may leave, and leads to upstream_committed. Returns whether that will
     * come at once, so that the connection is kept for the exchange. NULL when nothing has to be
     * done, or it was done; set to NULL when it is done. */
    bool (*commit)(struct exchange *exchange);
    /* A hash that is equal for the calls of one caller, which take turns with those of others while
     * they wait. On the loop's thread. NULL: one caller for all of these. */
    uint64_t (*caller_hash)(struct exchange *exchange);
    /* On the loop's thread, directly before the first byte leaves; may set `request` anew. False,
     * with exchange->status filled, ends the exchange as UNPREPARED. NULL is allowed. */
    bool (*prepare)(struct exchange *exchange);

    /* Its result, set when `done` is called. */
    enum exchange_outcome outcome;
    enum exchange_cause cause;
    size_t sent_bytes;             /* of the request, that may have left us */
    struct http_response response; /* when answered */
    unsigned http_status;   /* also of a response that broke behind its status line; else 0 */
    int64_t local_retry_ns; /* not sent: wait before a retry, as queue, rate or breaker estimate it;
                               0 when not known */
    bool connection_reused;
    int64_t queued_ns, started_ns, ended_ns; /* sent to here, first byte written or 0, done */

    /* The upstream's own. */
    struct upstream_loop *loop;
    struct connection *connection;
    TAILQ_ENTRY(exchange) place;
    struct task submitted, cancelled, committed;
    struct event timer;
    enum exchange_stage stage;
    int64_t committing_ns;          /* since when its commit is waited for */
    int64_t arrived_ns;             /* when it began to wait for the first time; 0 before */
    struct queue_caller *queued_by; /* while it waits */
    bool reserved;                  /* upstream_reserve has set a connection aside for it */
    bool holds_slot;                /* so has the loop, until the commit arrives or is late */
    bool holds_token;               /* of the rate, which gets it back when nothing is sent */
    bool cancel_wanted;

    /* Without a response: what was being done and what happened. Last, since it is large and
     * rarely used. */
    struct status status;
};

struct upstream;

/* Starts the loops. INTERNAL when threads or descriptors run out, INVALID_ARGUMENT when libcurl
 * refuses a setting. A CA file that cannot be used is not a failure, because it may come later:
 * upstream_has_ca. No connection is made before the first exchange. */
must_use bool upstream_open(const struct upstream_settings *settings, struct upstream **upstream,
                            struct status *status);

/* False while the CAs of `ca_file` could not be read, so that no connection can be made. Any
 * thread. */
bool upstream_has_ca(const struct upstream *upstream);

/* Ends the loops and closes all connections; no exchange may be under way. NULL is allowed. */
void upstream_free(struct upstream *upstream);

/* Reads a CA file without using it, and describes its content. FAILED_PRECONDITION, naming the
 * file, when it cannot be used. Any thread. */
must_use bool upstream_check_ca(const char *path, struct buffer *summary, struct status *status);

/* Prepares an exchange for its first use: all members that its owner does not set. */
void exchange_init(struct exchange *exchange);

/*
 * Sets one of the connections that are free now aside for the exchange, so that its owner can
 * commit it before it hands it over; false when none is free or others wait. The exchange is to be
 * handed over in any case, or the connection stays set aside. At most once for each exchange,
 * before its first upstream_send; one thread, always the same.
 */
must_use bool upstream_reserve(struct upstream *upstream, struct exchange *exchange);

/* The commit is done; `good` is false when the caller is gone, and the exchange then
 * ends as CANCELLED, unsent. `released` is called in any case, so the exchange must live until
 * then, also when it has ended meanwhile. Any thread. */
void upstream_committed(struct exchange *exchange, bool good);

/* Hands an exchange over. Any thread. */
void upstream_send(struct upstream *upstream, struct exchange *exchange);

/* Ends the exchange at once if it has not ended yet: its connection is closed. `released` is called
 * in either case, so the exchange must live until then. At most once for each upstream_send, from
 * any thread. */
void upstream_cancel(struct exchange *exchange);

/* Closes the connection on which the exchange's response came, because that is not the one to its
 * request: the next response on it would not be either. On the loop's thread, within `done`. */
void upstream_close_connection(struct exchange *exchange);

/* Reports what the response to an exchange says about the rate; `throttle` is NULL when it was
 * accepted. On the loop's thread, within `done`. */
void upstream_note_rate(struct exchange *exchange, const struct rate_throttle *throttle);

/* How long an exchange that was throttled waits at least when it is sent again. Any thread. */
int64_t upstream_rate_wait_ns(struct exchange *exchange);

/* The load of all loops. Any thread. */
struct upstream_load {
    size_t limit, hung, waiting;
    size_t times_lowered; /* how often the limit was lowered, and stayed so, since the start */
    double per_s;         /* calls that the rate allows; 0: no limit */
};
struct upstream_load upstream_load(struct upstream *upstream);

/* Ends all exchanges under way, with EXCHANGE_CAUSE_STOPPED; their `done` has been called when this
 * returns. Any thread but the loops' own, once. */
void upstream_end_all(struct upstream *upstream);

/* Of the threads' breakers, the one that is furthest from closed. Any thread. */
enum breaker_state upstream_state(const struct upstream *upstream);

/* Adds the result of the last attempt to connect, and the breakers' state unless it is closed, in a
 * few words. Any thread. */
void upstream_describe(struct upstream *upstream, struct buffer *out);

/* "localhost:8443", or without the port when it is 443: the value of Host. */
struct text upstream_authority(const struct upstream *upstream);
