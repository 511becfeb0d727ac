/* SPDX-License-Identifier: MIT */
/*
 * Methods that the program answers by itself, unary or streaming: health and reflection. What a
 * method is stands in a table row; here is what all of them need: opening, reading questions within
 * a bound, sending one answer at a time, ending. Functions of a row run with the lock of their
 * `struct streams` held, and stream_* may be called by them only.
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
    /* Any number of questions, the next one read when the answer has left; otherwise just one. */
    bool is_dialogue;
    /* How many may be open at once, the others are RESOURCE_EXHAUSTED; 0 when there is no need to
     * count them. */
    size_t most;
    size_t state_bytes; /* of zeroed memory that each stream has */
    /* The arena is released on return. */
    void (*on_request)(struct stream *stream, const ProtobufCMessage *request, struct arena *arena);
    /* There may be more to send: an answer has left, or streams_wake was called. NULL is allowed.
     */
    void (*on_writable)(struct stream *stream);
};

/* A request message above that is RESOURCE_EXHAUSTED. */
#define STREAM_REQUEST_BYTES 4096

/* Registers the methods, whose paths must be free; before the server starts. Table and context must
 * outlive it. */
struct streams *streams_new(grpc_server *server, grpc_completion_queue *queue,
                            struct rpc_tracker *tracker, const struct stream_method *methods,
                            size_t count, void *context);

/* Takes streams from now on; after the server has started, before the poller runs. */
void streams_start(struct streams *streams);

/* Calls `on_writable` for each open stream. Any thread, without the lock. */
void streams_wake(struct streams *streams);

/* Ends every stream with UNAVAILABLE as soon as what is being sent has left, those to come as well.
 * Any thread, without the lock. */
void streams_end(struct streams *streams);

/* After the queue has been drained; NULL is allowed. */
void streams_free(struct streams *streams);

void *stream_context(struct stream *stream);
void *stream_state(struct stream *stream);

/* True when stream_send may be called: nothing is being sent, and the end has not been. */
bool stream_is_idle(const struct stream *stream);

/* Sends an answer. */
void stream_send(struct stream *stream, const ProtobufCMessage *response);

/* Ends the stream when the answer that is being sent has left; only the first one counts. */
void stream_finish(struct stream *stream, const struct status *status);
