/* SPDX-License-Identifier: MIT */
/*
 * One unary call of a caller. It is born on the poller's thread, handed to the handler's `begin`,
 * answered exactly once by call_reply from any thread, and gone after that; `end` then releases
 * what the handler keeps in it. Its views stay valid as long as the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/schema.h"

struct call;

/* What a failure tells beside code and message, as trailers; empty is not sent. */
struct call_trailers {
    struct text details;  /* grpc-status-details-bin */
    struct text pushback; /* grpc-retry-pushback-ms */
};

/* The functions that the calls are handed to. */
struct call_handler {
    size_t state_bytes; /* of memory that each call has for its handler, not initialised */
    void (*begin)(struct call *call, void *context);
    /* The caller is gone: it cancelled, its deadline passed or its connection broke. Poller's
     * thread, after begin, at most once, perhaps after the reply; the reply is owed all the same.
     */
    void (*cancelled)(struct call *call, void *context);
    /* What call_commit has sent is in the caller's socket; `good` is false when the caller is gone
     * instead. Poller's thread, once after each call_commit, perhaps after the reply. */
    void (*committed)(struct call *call, bool good, void *context);
    void (*end)(struct call *call, void *context);
    /* What goes with a status of the server's own, for calls that never began: UNIMPLEMENTED for a
     * method that is not served, UNAVAILABLE when it stops. May cut the message. The trailers are
     * the arena's, which is empty. Poller's thread. */
    void (*explain)(struct status *status, struct arena *arena, struct call_trailers *trailers,
                    void *context);
    void *context;
};

/* Enough for the arena of `explain`. */
#define CALL_TRAILERS_BYTES (64 * 1024)

void *call_state(struct call *call);

const struct schema_method *call_method(const struct call *call);

/* The request message's bytes. A gzip or deflate message is inflated into the arena, up to the
 * largest message that is allowed. INVALID_ARGUMENT when no whole message came or it does not
 * inflate, RESOURCE_EXHAUSTED, naming --max-message, when it is too large. */
must_use bool call_message(struct call *call, struct arena *arena, struct text *bytes,
                           struct status *status);

/* When the answer has to be ready, of clock_now_ns: a little before the caller's own deadline, so
 * that it hears from us what happened; the configured default without one, and never above the
 * configured maximum. */
int64_t call_deadline_ns(const struct call *call);

/* Whether that deadline is the end of the caller's connection (--max-age and --max-age-grace),
 * which comes before the caller's own. */
bool call_ends_with_connection(const struct call *call);

int64_t call_received_ns(const struct call *call);

/* "127.0.0.1:41234", "unix:uid=65532,gid=65532,pid=7", "unknown". */
struct text call_peer(const struct call *call);

/* "spiffe://cluster.local/ns/shop/sa/cart", "uid:65532,gid:65532", "anonymous"; what a mesh says
 * once call_authorize has been called. */
struct text call_caller(const struct call *call);

/* PERMISSION_DENIED, naming the caller, when --allow-callers does not list it. Once, in `begin`. */
must_use bool call_authorize(struct call *call, struct status *status);

size_t call_metadata_count(const struct call *call);

/* One of the caller's metadata; may hold any bytes. False when name or value may not travel as text
 * in HTTP. */
bool call_metadata(const struct call *call, size_t index, struct text *name, struct text *value);

/* How many calls are still to be answered, this one included. */
size_t call_in_flight(const struct call *call);

/* A copy of it goes to the caller ahead of the answer, or behind it. What goes ahead goes behind
 * all the same when a call fails that is not committed: its reply is Trailers-Only then, so that
 * the caller's client may retry it (gRFC A6). `name` has to be a literal; legal bytes only. At most
 * CALL_METADATA of each; more are dropped. */
#define CALL_METADATA 8
void call_send_metadata(struct call *call, const char *name, struct text value);
void call_send_trailer(struct call *call, const char *name, struct text value);

static inline void call_send_trailers(struct call *call, const struct call_trailers *trailers)
{
    if (trailers->details.size > 0)
        call_send_trailer(call, "grpc-status-details-bin", trailers->details);
    if (trailers->pushback.size > 0)
        call_send_trailer(call, "grpc-retry-pushback-ms", trailers->pushback);
}

/* Memory for the answer's bytes, to be filled before call_reply; at most once. */
uint8_t *call_response_space(struct call *call, size_t bytes);

/*
 * Sends the metadata that goes ahead of the answer now. A client that has received it never retries
 * the call (gRFC A6, "committed"), so this is done before the first byte of a request leaves that
 * may change something. The handler's `committed` reports that the kernel has it; behind TLS, that
 * the tunnel has it. Once, before the reply, any thread; the call is held until `committed`.
 */
void call_commit(struct call *call);

/* Answers: OK with the bytes put into call_response_space, or a failure. The call must not be
 * touched afterwards, unless it is held. Once, any thread. */
void call_reply(struct call *call, const struct status *status);

/* Keeps the call, beyond its reply if need be, until it is released. Any thread. */
void call_hold(struct call *call);
void call_release(struct call *call);
