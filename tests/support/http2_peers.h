/* SPDX-License-Identifier: MIT */
/*
 * A guard between a caller, of which a test writes each byte, and C-core, for which a server
 * session of nghttp2 stands that judges what the guard passes: an error that it finds fails the
 * test.
 */
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#include "http2/frame.h"
#include "http2/guard.h"
#include "http2_caller.h"

/* C-core's view of a stream. */
struct core_stream {
    bool opened, ended, reset;
    struct output headers; /* "name: value\n" of each */
    struct output data;
};

/* Streams with larger ids share the place of 0. */
#define CORE_STREAMS 4000

struct peers {
    struct guard_settings settings;
    struct guard_hooks hooks;
    struct guard *guard;
    struct guard_outputs outputs;
    struct output to_caller, to_core; /* all that was written */
    nghttp2_session *core;
    struct core_stream *streams; /* by their id */
    size_t last_stream;
    int64_t now_ns;
    size_t piece; /* number of bytes that the guard is fed at a time; 0: all */
};

void peers_init(struct peers *peers);
void peers_clear(struct peers *peers);

/* Setup and teardown of a cmocka test, whose state is peers after caller_connects. */
int peers_set_up(void **state);
int peers_tear_down(void **state);

/* Begins anew, with `settings` and `hooks` as they are now. */
void peers_restart(struct peers *peers);

/* The caller sends these bytes, which are emptied, and both sides speak until nothing is left. */
void caller_sends(struct peers *peers, struct output *bytes);

/* The first bytes of a connection: preface, SETTINGS, acknowledgements. */
void caller_connects(struct peers *peers);

/* A whole call of the usual request. */
void caller_calls(struct peers *peers, uint32_t stream);

/* C-core answers the stream: one message and status 0. */
void core_responds(struct peers *peers, uint32_t stream);

/* Lets C-core send what it has. */
void core_sends(struct peers *peers);

/* The frames that the caller got, in order; 0 is the first. False when there are no more. */
bool caller_got(const struct peers *peers, size_t index, struct frame *frame);

/* How many frames of that type and flags C-core got. */
size_t count_passed(const struct peers *peers, uint8_t type, uint8_t flags);

/* How many frames of the type it got on that stream. */
size_t count_got(const struct peers *peers, uint8_t type, uint32_t stream);

/* The sum of its WINDOW_UPDATE frames on that stream. */
size_t got_credit(const struct peers *peers, uint32_t stream);

/* Whether it got RST_STREAM with that error; GOAWAY with it, and the last stream then. */
bool got_reset(const struct peers *peers, uint32_t stream, enum http2_error error);
bool got_goaway(const struct peers *peers, enum http2_error error, uint32_t *last_stream);

/* The grpc-status that it got on that stream; -1: none. */
int got_status(const struct peers *peers, uint32_t stream);

/* The value of a header or trailer that it got on that stream, in static memory; NULL: none. */
const char *got_header(const struct peers *peers, uint32_t stream, const char *name);
