/* SPDX-License-Identifier: MIT */
/*
 * Methods that the server serves itself, unary or streaming: health and reflection. A method is a
 * row of a table; this module does what all of them need: opening, reading requests within a bound,
 * sending one response at a time, ending. Functions of a row run with the lock of their
 * `struct streams` held, and only they may call stream_*.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/status.h"
#include "server/core.h"

struct stream;
struct streams;

struct stream_method {
    const char *path;
    const ProtobufCMessageDescriptor *request;
    /* Any number of requests, each read when the response to the one before has been sent;
     * otherwise exactly one. */
    bool is_dialogue;
    /* Most streams that may be open; others end with RESOURCE_EXHAUSTED. 0: no limit. */
    size_t most;
    size_t state_bytes; /* of zeroed memory that each stream has */
    /* A request has come. The arena is cleared after it. */
    void (*on_request)(struct stream *stream, const ProtobufCMessage *request, struct arena *arena);
    /* Nothing is being sent, so that there may be a response to send: one has been sent, or
     * streams_wake was called. NULL is allowed. */
    void (*on_writable)(struct stream *stream);
};

/* A larger request message ends the stream with RESOURCE_EXHAUSTED. */
#define STREAM_REQUEST_BYTES 4096

/* Registers the methods, whose paths must be free; before the server starts. Table and context must
 * outlive it. */
struct streams *streams_new(struct core *core, const struct stream_method *methods, size_t count,
                            void *context);

/* Takes streams from now on; after the server has started, before the poller runs. */
void streams_start(struct streams *streams);

/* Calls `on_writable` for each open stream that is sending nothing. Any thread, without the lock.
 */
void streams_wake(struct streams *streams);

/* Ends every stream with UNAVAILABLE as soon as the response that is being sent has left, also
 * streams that open later. Any thread, without the lock. */
void streams_end(struct streams *streams);

/* Ends the streams that are finished, and whose callers have not read the last response for
 * CORE_DELIVERY_NS. Regularly, on the poller's thread, without the lock. */
void streams_end_undelivered(struct streams *streams);

/* After poller_stop; NULL is allowed. */
void streams_free(struct streams *streams);

void *stream_context(struct stream *stream);
void *stream_state(struct stream *stream);

/* Sends a response, while nothing is being sent and stream_finish was not called. */
void stream_send(struct stream *stream, const ProtobufCMessage *response);

/* Ends the stream when the response that is being sent has left; only the first call counts. */
void stream_finish(struct stream *stream, const struct status *status);
