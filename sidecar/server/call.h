/* SPDX-License-Identifier: MIT */
/*
 * One unary call of a caller. It starts on the poller's thread and is handed to the handler's
 * `begin`; call_reply replies to it exactly once, from any thread, and after that it is freed; the
 * handler's `end` releases what the handler keeps in it. Its views are valid as long as the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/reason.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/schema.h"

struct call;

/* Trailers of a failure, beside code and message; an empty one is not sent. */
struct call_trailers {
    struct text details;  /* grpc-status-details-bin */
    struct text pushback; /* grpc-retry-pushback-ms */
};

/* A stream that the front ends with a status, before the program has a call of it. */
struct call_refusal {
    enum status_code code;
    struct text message;
    enum reason reason; /* of ErrorInfo */
    int64_t retry_ms;   /* to wait; negative: never; 0: not known */
    size_t method;      /* its number in the schema, or METRIC_OTHER */
    struct text path;   /* of a method that has no number; empty when not known */
    struct text peer, caller;
    struct text request_id, traceparent; /* the caller's, not checked; empty: none */
};

/* The trailers of such a status, beside code, message and pushback. */
struct call_refusal_trailers {
    struct text details; /* grpc-status-details-bin */
    struct text request_id;
};

/* The functions that handle the calls. */
struct call_handler {
    size_t state_bytes; /* of memory that each call has for its handler, not initialised */
    void (*begin)(struct call *call, void *context);
    /* The caller no longer waits: it has cancelled, its deadline has passed or its connection has
     * broken. The poller's thread, after `begin`, at most once, perhaps after the reply; the
     * handler has to reply nevertheless. */
    void (*cancelled)(struct call *call, void *context);
    /* The metadata that call_commit has sent is in the caller's socket, or, when `good` is false,
     * the caller no longer waits. The front's thread, once after each call_commit, perhaps after
     * the reply. */
    void (*committed)(struct call *call, bool good, void *context);
    void (*end)(struct call *call, void *context);
    /* Logs and counts a refusal of the front's, and makes its trailers in the arena, which is empty
     * before. NULL is allowed: no trailers. The front's thread. */
    void (*refused)(const struct call_refusal *refusal, struct arena *arena,
                    struct call_refusal_trailers *trailers, void *context);
    void *context;
};

/* Enough for the arena of `refused`, and for that of a failure's trailers. */
#define CALL_TRAILERS_BYTES (64 * 1024)

void *call_state(struct call *call);

/* False, in `begin`, for a call that is to be replied to at once: CANCELLED when its caller had
 * gone when it came, whose peer is not known then; UNAVAILABLE when the server takes no more calls.
 */
must_use bool call_may_begin(const struct call *call, struct status *status);

const struct schema_method *call_method(const struct call *call);

/* The bytes of the request message. A gzip or deflate message is inflated into the arena, up to
 * --max-message. INVALID_ARGUMENT when the message is incomplete or does not inflate,
 * RESOURCE_EXHAUSTED, naming --max-message, when it is too large. */
must_use bool call_message(struct call *call, struct arena *arena, struct text *bytes,
                           struct status *status);

/* When the reply has to be ready, of clock_now_ns: a little before the caller's own deadline, so
 * that the caller receives our status; the configured default when it has none, and never later
 * than the configured maximum. */
int64_t call_deadline_ns(const struct call *call);

/* Returns whether that deadline is the end of the caller's connection (--max-age and
 * --max-age-grace), because it is earlier than the caller's own. */
bool call_ends_with_connection(const struct call *call);

int64_t call_received_ns(const struct call *call);

/* "127.0.0.1:41234", "unix:uid=65532,gid=65532,pid=7". */
struct text call_peer(const struct call *call);

/* "spiffe://cluster.local/ns/shop/sa/cart", "uid:65532,gid:65532", "anonymous"; after
 * call_authorize, the identity that a trusted proxy has forwarded. */
struct text call_caller(const struct call *call);

/* A hash of the caller's whole name, or of an anonymous caller's address without its port: equal
 * for the calls of one caller, and nobody can choose a name that has another one's. */
uint64_t call_caller_hash(const struct call *call);

/* PERMISSION_DENIED, naming the caller, when --allow-callers does not list it. Once, in `begin`. */
must_use bool call_authorize(struct call *call, struct status *status);

size_t call_metadata_count(const struct call *call);

/* An entry of the caller's metadata, whose value may have any bytes: it is checked by those who
 * pass it on. */
void call_metadata(const struct call *call, size_t index, struct text *name, struct text *value);

/* Number of calls that are not replied to yet, this one included. */
size_t call_in_flight(const struct call *call);

/* Adds a copy of an entry to the metadata that is sent before the response, or after it. When a
 * call fails that is not committed, all its entries are sent after it: the reply is Trailers-Only,
 * so that the caller's client may retry (gRFC A6). They are sent there as well when it fails before
 * `committed`. `name` is a literal; name and value are legal.
 * At most CALL_METADATA entries of each kind; more are dropped. */
#define CALL_METADATA 4
void call_send_metadata(struct call *call, const char *name, struct text value);
void call_send_trailer(struct call *call, const char *name, struct text value);

static inline void call_send_trailers(struct call *call, const struct call_trailers *trailers)
{
    if (trailers->details.size > 0)
        call_send_trailer(call, "grpc-status-details-bin", trailers->details);
    if (trailers->pushback.size > 0)
        call_send_trailer(call, "grpc-retry-pushback-ms", trailers->pushback);
}

/* The quotas for what the handler takes for a call's request and response while it is under way
 * (--max-memory). A little is granted in any case, and more while there is room. Valid as long as
 * the call; any thread. */
struct arena_quota *call_request_memory(const struct call *call);
struct arena_quota *call_response_memory(const struct call *call);

/* Reserves memory for the response's bytes, which are kept until the caller has read them. False
 * when --max-memory does not allow it, unless `must`: a response that reports a change is kept in
 * any case. At most once; any thread. */
must_use bool call_reserve_response(struct call *call, size_t bytes, bool must);

/* Memory for the response's bytes, to be filled before call_reply; at most once. */
uint8_t *call_response_space(struct call *call, size_t bytes);

/*
 * Sends the metadata that comes before the response now. A client that has received it never
 * retries the call ("committed" in gRFC A6), so that this is done before the first byte of a
 * request leaves that may change something. The handler's `committed` reports that the kernel has
 * the metadata. Once, before the reply, any thread; the call is held until `committed`.
 */
void call_commit(struct call *call);

/* Returns whether the caller's connection has room for what is sent now. It has none when the
 * caller does not read, and a commit then waits for the caller. Any thread. */
bool call_has_room(const struct call *call);

/* Replies: OK with the bytes in call_response_space, or a failure. The call must not be used
 * afterwards, unless it is held. Once, any thread. */
void call_reply(struct call *call, const struct status *status);

/* Keeps the call until it is released, also after the reply. Any thread. */
void call_hold(struct call *call);
void call_release(struct call *call);
