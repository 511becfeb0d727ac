/* SPDX-License-Identifier: MIT */
/*
 * Stands between a caller's HTTP/2 connection and C-core, so that C-core never parses a caller's
 * bytes: it is fed the bytes of both and writes, for each, frames that are correct. A fault of one
 * stream ends that stream only; a fault of the connection ends it when the calls under way have
 * ended (RFC 9113 sections 5.4.1 and 6.8). The rules of gRPC's wire (PROTOCOL-HTTP2.md and
 * compression.md) and our bounds are kept before C-core sees anything.
 *
 * The guard has neither I/O nor a clock nor threads: one thread at a time for each guard. Frames
 * are passed on whole, so that what it writes does not depend on how its input was cut, and
 * everything that is in an output may be written to the peer at once, in order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"
#include "http2/frame_budget.h"
#include "http2/output.h"
#include "http2/request.h"
#include "http2/stream_fault.h"

struct guard;

/* How many CONTINUATION frames a header block may have, and how many bytes more than its list of
 * fields may be large. */
#define GUARD_CONTINUATIONS 8
#define GUARD_BLOCK_SLACK 16384

struct guard_settings {
    uint32_t max_streams;         /* open at a time; those above it get REFUSED_STREAM */
    struct request_limits fields; /* of one request */
    size_t max_message;           /* of a message's declared length */
    int64_t message_timeout_ns;   /* from the headers to the end of a unary call's message, and from
                                     the begin of a header block to its end */
    struct frame_rate idle_frames; /* that carry nothing, before reading pauses; ten times as many
                                      end the connection */
    struct text call_field; /* the last field of a request for C-core, whose value is the number of
                               the call in decimal digits; calls without a number have none */
};

/* A request whose headers are in order. */
struct guard_request {
    uint32_t stream;
    struct text path, authority; /* authority is empty when only host was sent */
    const uint8_t *block;        /* for guard_request_field */
    size_t block_size;
};

/* The first field of that name; false when there is none. */
must_use bool guard_request_field(const struct guard_request *request, struct text name,
                                  struct text *value);

enum guard_verdict {
    GUARD_PASS,   /* C-core gets the stream */
    GUARD_FAIL,   /* the caller gets a status, without a byte of its message being kept */
    GUARD_REFUSE, /* the caller gets REFUSED_STREAM: nothing was processed, it may try again */
};

/* The front's description of a stream that passes. */
struct guard_call {
    uint64_t number; /* sent to C-core, and given back when the stream ends; 0: none */
    uint32_t kind;   /* given back when the stream ends */
    uint16_t method; /* given back when it ends with a status of the guard's */
    bool streaming;  /* the caller may send any number of messages, and need not end soon */
    size_t reserved; /* for the stream itself; added to what is reserved for its messages */
};

/* How a stream that was passed ended. */
enum guard_end {
    GUARD_COMPLETE,     /* both sides ended it */
    GUARD_RESET_CALLER, /* the caller reset it */
    GUARD_RESET_CORE,   /* C-core did */
    GUARD_FAULTY,       /* the guard ended it, for a fault of the caller's */
    GUARD_ABANDONED,    /* the guard was freed before it ended */
};

#define GUARD_DETAILS_BYTES 4096
#define GUARD_REQUEST_ID_BYTES 128

/* A stream that ends with a status of the guard's or the front's. */
struct guard_refusal {
    const struct guard_failure *failure;
    const struct guard_request *request; /* its fields up to the faulty one; NULL when C-core has
                                            the stream, whose `method` is as `open` has set it */
    uint16_t method;
    /* For the hook to fill; 0: none. */
    size_t details_size, request_id_size;
    char details[GUARD_DETAILS_BYTES];       /* the google.rpc.Status */
    char request_id[GUARD_REQUEST_ID_BYTES]; /* x-request-id; visible ASCII */
};

/* They are called during guard_from_… and the like, must not call the guard, and may be NULL; then
 * every stream passes as a unary call. */
struct guard_hooks {
    void *context;

    /* Judges a stream by its headers. Fills `call` when it passes and `failure` when it fails; both
     * are zeroed before, but for the HTTP status, which is 200. Texts of the failure have to live
     * until the guard's function returns. */
    enum guard_verdict (*open)(void *context, const struct guard_request *request,
                               struct guard_call *call, struct guard_failure *failure);

    /* `size` more bytes of messages were announced; false, with a failure, when there is no memory
     * for them. */
    bool (*reserve)(void *context, uint32_t kind, size_t size, struct guard_failure *failure);

    /* `call` has the number and the kind as `open` has set them, and in `reserved` the sum of what
     * was reserved for the stream and its messages. */
    void (*ended)(void *context, const struct guard_call *call, enum guard_end end);

    /* Called once for each stream that ends with such a status: fills what is sent with it. */
    void (*describe)(void *context, struct guard_refusal *refusal);
};

/* Counts of events since the guard was made, for the accounting of peers. */
struct guard_counts {
    uint64_t opened;  /* streams whose headers came, whatever became of them */
    uint64_t passed;  /* of those: to C-core */
    uint64_t refused; /* REFUSED_STREAM */
    uint64_t faulty;  /* ended by the guard, before or after they were passed */
    uint64_t reset;   /* passed streams that the caller reset */
    uint64_t idle_frames;
};

/* Where the guard writes: kept by the front, for a connection or for a loop. It only appends. */
struct guard_outputs {
    struct output to_core, to_caller;
};

/* `settings` and `hooks` live as long as the guard. */
struct guard *guard_new(const struct guard_settings *settings, const struct guard_hooks *hooks,
                        int64_t now_ns);

/* Streams that are still open are reported as GUARD_ABANDONED. NULL is allowed. */
void guard_free(struct guard *guard);

/* Bytes of the caller's, after TLS. After a call that leaves guard_paused_until in the future the
 * caller is not to be read before then. */
void guard_from_caller(struct guard *guard, const uint8_t *data, size_t size, int64_t now_ns,
                       struct guard_outputs *outputs);

/* Bytes of C-core's. */
void guard_from_core(struct guard *guard, const uint8_t *data, size_t size, int64_t now_ns,
                     struct guard_outputs *outputs);

/* A field of response headers that are legal. */
struct guard_field {
    struct text name, value;
};

/* Sends the caller the response headers of a stream that C-core has, ahead of C-core's own, which
 * are dropped when they come. Sends nothing when C-core's have been passed on already. False when
 * the stream has ended. */
must_use bool guard_commit(struct guard *guard, uint32_t stream, const struct guard_field *fields,
                           size_t field_count, struct guard_outputs *outputs);

/* Returns whether C-core may still write on the stream: neither side has reset it, and C-core has
 * not ended it. */
bool guard_has_stream(const struct guard *guard, uint32_t stream);

/* Ends calls whose message did not come in time, and connections whose header block did not; to be
 * called about once a second. */
void guard_tick(struct guard *guard, int64_t now_ns, struct guard_outputs *outputs);

/* Announces that the connection will end (RFC 9113 section 6.8): the caller opens streams elsewhere
 * and those that come meanwhile are served. */
void guard_announce_end(struct guard *guard, struct guard_outputs *outputs);

/* Passes no stream any more: GOAWAY names the last one that was passed. Calls under way go on. */
void guard_refuse_streams(struct guard *guard, struct guard_outputs *outputs);

/* The caller does more than it may: GOAWAY with ENHANCE_YOUR_CALM, and after that nothing is passed
 * of the caller's but what calls under way need. */
void guard_end_excess(struct guard *guard, struct guard_outputs *outputs);

enum guard_state {
    GUARD_OPEN,
    GUARD_FINISHING, /* no stream is passed any more, and some are still open */
    GUARD_FINISHED,  /* the connection is to be closed when the outputs are written */
};

enum guard_state guard_state(const struct guard *guard);

/* The error of the caller's that ends the connection, as RFC 9113 section 7 names it; NULL: none.
 */
const char *guard_error(const struct guard *guard);

/* Before that time the caller is not to be read; 0 or in the past when it may be. */
int64_t guard_paused_until(const struct guard *guard);

/* Streams that C-core has. */
size_t guard_open_streams(const struct guard *guard);

struct guard_counts guard_counts(const struct guard *guard);

/* All memory that the guard holds, in bytes; without the outputs. */
size_t guard_memory(const struct guard *guard);
