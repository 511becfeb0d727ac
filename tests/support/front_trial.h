/* SPDX-License-Identifier: MIT */
/*
 * The front between callers and C-core, both played by the test, frame by frame. Include cmocka.h
 * first.
 */
#pragma once

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http2_frames.h"
#include "server/front.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define MOST_CORES 8
#define ALLOWED "/test.Service/Method"

struct trial {
    struct event_base *loop; /* without events: tests only wait with it */
    struct config config;
    struct memory_budget budget;
    struct front *front;
    atomic_int cores[MOST_CORES]; /* C-core's descriptors, in the order in which they were opened */
    atomic_size_t core_count;
    atomic_uint refused, disconnected, rejected, drained;
    struct h2 caller, core; /* of the first connection */
};

static inline void on_opened(int core, void *context)
{
    struct trial *trial = context;
    if (trial->core_count == MOST_CORES)
        abort();
    trial->cores[trial->core_count] = core;
    trial->core_count++;
}

static inline void on_refused(const char *why, void *context)
{
    (void)why;
    ((struct trial *)context)->refused++;
}

static inline void on_disconnected(const char *peer, const char *why, void *context)
{
    (void)peer, (void)why;
    ((struct trial *)context)->disconnected++;
}

static inline void on_refused_call(struct guard_refusal *refusal, const struct peer *peer,
                                   void *context)
{
    (void)refusal, (void)peer;
    ((struct trial *)context)->rejected++;
}

static inline void on_drained(void *context)
{
    ((struct trial *)context)->drained++;
}

static inline int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    trial->loop = event_base_new();
    trial->caller.fd = trial->core.fd = -1;
    trial->config = (struct config){
        .max_connections = 100,
        .max_connections_per_peer = 100,
        .max_streams = 100,
        .max_streams_per_peer = 100,
        .max_message_bytes = 65536,
        .max_metadata_bytes = 8192,
        .max_metadata_count = 64,
        .deadline_ns = 60 * CLOCK_NS_PER_S,
        .max_deadline_ns = 60 * CLOCK_NS_PER_S,
        .handshake_timeout_ns = 60 * CLOCK_NS_PER_S,
    };
    memory_budget_init(&trial->budget, 64 << 20, 0);
    *state = trial;
    return 0;
}

static inline void close_end(struct h2 *end)
{
    if (end->fd >= 0)
        close(end->fd);
    end->fd = -1;
}

static inline void free_front(struct trial *trial)
{
    front_free(trial->front);
    trial->front = NULL;
}

static inline int teardown(void **state)
{
    struct trial *trial = *state;
    close_end(&trial->caller);
    close_end(&trial->core);
    free_front(trial);
    event_base_free(trial->loop);
    free(trial);
    return 0;
}

/* With the trial's configuration as it is now. */
static inline void open_front(struct trial *trial)
{
    struct status status;
    const struct front_events events = {.opened = on_opened,
                                        .refused = on_refused,
                                        .disconnected = on_disconnected,
                                        .refused_call = on_refused_call,
                                        .drained = on_drained,
                                        .context = trial,
                                        .budget = &trial->budget};
    if (!front_open(&trial->config, &events, &trial->front, &status))
        fail_msg("%s", status.message);
}

/* A caller that has sent nothing yet. */
static inline void add_caller(struct trial *trial, struct h2 *caller)
{
    const struct peer peer = {.address = "test:1", .who = "test", .authorized = true};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_null(front_add(trial->front, ends[1], false, &peer));
    *caller = (struct h2){.fd = ends[0], .next = 1};
}

/* C-core's end of a connection; what it gets begins with the preface. */
static inline void take_core(struct trial *trial, size_t index, struct h2 *core)
{
    loop_until(trial->loop, trial->core_count > index);
    *core = (struct h2){.fd = trial->cores[index]};
    while (core->count < strlen(PREFACE))
        h2_receive(core);
    assert_memory_equal(core->bytes, PREFACE, strlen(PREFACE));
    core->taken = strlen(PREFACE);
    h2_send(core, H2_SETTINGS, 0, 0, text_literal(""));
}

static inline void connect_caller(struct trial *trial, struct h2 *caller, struct h2 *core)
{
    size_t index = trial->core_count;
    add_caller(trial, caller);
    assert_int_equal(send(caller->fd, PREFACE, strlen(PREFACE), MSG_NOSIGNAL), strlen(PREFACE));
    h2_send(caller, H2_SETTINGS, 0, 0, text_literal("\0\1\0\0\0\0")); /* HEADER_TABLE_SIZE 0 */
    take_core(trial, index, core);
}

/* The front and one connection. */
static inline void open_connection(struct trial *trial)
{
    open_front(trial);
    connect_caller(trial, &trial->caller, &trial->core);
}

/* C-core gets the headers of that stream next. */
static inline void expect_call(struct h2 *core, uint32_t stream)
{
    struct h2_frame frame;
    h2_expect(core, H2_HEADERS, stream, &frame);
}

/* The number of a call, by the last of the headers that C-core got: a literal field, the value of
 * which is shorter than 127 bytes (RFC 7541 section 6.2.2). */
static inline uint64_t number_of(const struct h2_frame *headers)
{
    const char *end = headers->payload.data + headers->payload.size, *last = NULL;
    uint64_t number;
    for (const char *at = headers->payload.data, *found;
         (found = memmem(at, (size_t)(end - at), FRONT_CALL_FIELD, strlen(FRONT_CALL_FIELD)));
         at = last)
        last = found + strlen(FRONT_CALL_FIELD);
    assert_non_null(last);
    struct text value = {last + 1, (unsigned char)*last};
    assert_ptr_equal(value.data + value.size, end);
    assert_true(text_to_u64(value, &number));
    return number;
}

static inline uint32_t call_numbered(struct trial *trial, uint64_t *number)
{
    struct h2_frame frame;
    uint32_t stream = h2_call(&trial->caller, ALLOWED, NULL);
    h2_expect(&trial->core, H2_HEADERS, stream, &frame);
    *number = number_of(&frame);
    h2_expect(&trial->core, H2_DATA, stream, &frame);
    return stream;
}

static inline uint32_t call(struct trial *trial)
{
    uint64_t number;
    return call_numbered(trial, &number);
}

/* C-core ends the stream with a status. */
static inline void respond(struct h2 *core, uint32_t stream)
{
    const struct h2_field trailers[] = {{":status", "200"},
                                        {"content-type", "application/grpc"},
                                        {"grpc-status", "0"},
                                        {NULL, NULL}};
    char block[256];
    size_t size = h2_add_fields(block, trailers);
    h2_send(core, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, stream, (struct text){block, size});
}

static inline void expect_end(struct h2 *end)
{
    struct h2_frame frame;
    if (h2_next(end, &frame))
        fail_msg("a frame of kind %u came on stream %u", frame.kind, frame.stream);
}

static inline uint32_t last_stream_of(const struct h2_frame *frame)
{
    uint32_t last;
    assert_true(frame->payload.size >= 8);
    memcpy(&last, frame->payload.data, sizeof last);
    return ntohl(last);
}

static inline void expect_goaway(struct h2 *caller, uint32_t last)
{
    struct h2_frame frame;
    h2_expect(caller, H2_GOAWAY, 0, &frame);
    assert_int_equal(last_stream_of(&frame), last);
}

#define ANY_STREAM 0x7fffffff
