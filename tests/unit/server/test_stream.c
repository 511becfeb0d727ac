/* SPDX-License-Identifier: MIT */
/* Does a method get its requests one by one, and can no caller open or send too much? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "grpc_client.h"
#include "http2_frames.h"
#include "server/stream.h"

#include "grpc/health/v1/health.pb-c.h"

#include "base/banned.h"

/* The messages of all methods here, which have one text each. */
typedef Grpc__Health__V1__HealthCheckRequest note;

#define ONCE "/test.Streams/Once"
#define COUNTING "/test.Streams/Counting"
#define WATCHING "/test.Streams/Watching"
#define WATCHERS 2

/* A server of nothing but the rows below, on a thread of its own. */
struct trial {
    pthread_t thread;
    struct core core;
    struct streams *streams;
    struct tag shut_down;
    atomic_bool is_shut_down;
    atomic_int value; /* that is watched */
    int last;         /* it changes while it is being sent, up to this */
    uint16_t port;
    struct grpc_client client;
};

/* "1 words" */
static void send_note(struct stream *stream, int number, const char *words)
{
    char text[STREAM_REQUEST_BYTES + 16];
    note sent = {.base.descriptor = &grpc__health__v1__health_check_request__descriptor,
                 .service = text};
    snprintf(text, sizeof text, "%d %s", number, words);
    stream_send(stream, &sent.base);
}

/* Only the first of the two ends counts. */
static void on_once(struct stream *stream, const ProtobufCMessage *request, struct arena *arena)
{
    (void)arena;
    struct status status;
    send_note(stream, 1, ((const note *)request)->service);
    status_set(&status, STATUS_ABORTED, "the first end");
    stream_finish(stream, &status);
    status_set(&status, STATUS_INTERNAL, "the second end");
    stream_finish(stream, &status);
}

static void on_counting(struct stream *stream, const ProtobufCMessage *request, struct arena *arena)
{
    (void)arena;
    int *count = stream_state(stream);
    send_note(stream, ++*count, ((const note *)request)->service);
}

struct watcher {
    bool is_watching;
    int sent;
};

static void send_change(struct stream *stream)
{
    struct watcher *watcher = stream_state(stream);
    struct trial *trial = stream_context(stream);
    int value = atomic_load(&trial->value);
    if (!watcher->is_watching || watcher->sent == value)
        return;
    watcher->sent = value;
    send_note(stream, value, "now");
    if (value < trial->last)
        atomic_store(&trial->value, value + 1);
}

static void on_watching(struct stream *stream, const ProtobufCMessage *request, struct arena *arena)
{
    (void)request, (void)arena;
    ((struct watcher *)stream_state(stream))->is_watching = true;
    send_change(stream);
}

#define ROW(name) .path = (name), .request = &grpc__health__v1__health_check_request__descriptor

static const struct stream_method methods[] = {
    {ROW(ONCE), .on_request = on_once},
    {ROW(COUNTING), .is_dialogue = true, .state_bytes = sizeof(int), .on_request = on_counting},
    {ROW(WATCHING), .most = WATCHERS, .state_bytes = sizeof(struct watcher),
     .on_request = on_watching, .on_writable = send_change},
};

static void *run(void *context)
{
    struct trial *trial = context;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(trial->core.queue,
                                                      gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        struct tag *tag = event.tag;
        tag->happened(tag, event.success);
    }
}

static void on_shut_down(struct tag *tag, bool good)
{
    (void)good;
    atomic_store(&container_of(tag, struct trial, shut_down)->is_shut_down, true);
}

static void listen_on_free_port(struct trial *trial)
{
    grpc_server_credentials *plaintext = grpc_insecure_server_credentials_create();
    trial->port =
        (uint16_t)grpc_server_add_http2_port(trial->core.server, "127.0.0.1:0", plaintext);
    grpc_server_credentials_release(plaintext);
    assert_int_not_equal(trial->port, 0);
}

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    grpc_arg plain = {GRPC_ARG_INTEGER,
                      (char *)(uintptr_t)GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION,
                      {.integer = 0}};
    if (!trial)
        return -1;
    *state = trial;
    atomic_init(&trial->core.tracker.count, 1);
    trial->core.tracker.ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    trial->shut_down.happened = on_shut_down;
    grpc_deadlock_detector_off();
    grpc_init();
    trial->core.queue = grpc_completion_queue_create_for_next(NULL);
    trial->core.server = grpc_server_create(&(grpc_channel_args){1, &plain}, NULL);
    grpc_server_register_completion_queue(trial->core.server, trial->core.queue, NULL);
    trial->streams = streams_new(&trial->core, methods, array_length(methods), trial);
    listen_on_free_port(trial);
    grpc_server_start(trial->core.server);
    streams_start(trial->streams);
    client_open(&trial->client, NULL, trial->port);
    return pthread_create(&trial->thread, NULL, run, trial);
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    grpc_server_shutdown_and_notify(trial->core.server, trial->core.queue, &trial->shut_down);
    grpc_server_cancel_all_calls(trial->core.server);
    client_until(&trial->client, atomic_load(&trial->is_shut_down));
    client_until(&trial->client, atomic_load(&trial->core.tracker.count) == 1);
    client_close(&trial->client);
    grpc_server_destroy(trial->core.server);
    grpc_completion_queue_shutdown(trial->core.queue);
    pthread_join(trial->thread, NULL);
    streams_free(trial->streams);
    grpc_completion_queue_destroy(trial->core.queue);
    grpc_shutdown_blocking();
    close(trial->core.tracker.ended_fd);
    free(trial);
    return 0;
}

/* A note in bytes, of one text. */
static struct text pack(const char *text, uint8_t bytes[8192])
{
    note sent = {.base.descriptor = &grpc__health__v1__health_check_request__descriptor,
                 .service = (char *)(uintptr_t)text};
    assert_true(protobuf_c_message_get_packed_size(&sent.base) <= 8192);
    return (struct text){(char *)bytes, protobuf_c_message_pack(&sent.base, bytes)};
}

static void send_text(struct rpc *rpc, const char *text)
{
    uint8_t bytes[8192];
    rpc_send(rpc, pack(text, bytes));
}

static void expect_text(struct rpc *rpc, const char *text)
{
    uint8_t bytes[8192];
    struct text received = rpc_must_receive(rpc);
    assert_true(text_equal(received, pack(text, bytes)));
}

static void a_unary_method_ends_after_its_response_with_the_first_status(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpc = rpc_open(&trial->client, ONCE);
    send_text(rpc, "request");
    expect_text(rpc, "1 request");
    rpc_expect(rpc, STATUS_ABORTED, "the first end");
}

static void requests_of_a_dialogue_are_served_in_their_order(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpc = rpc_open(&trial->client, COUNTING);
    send_text(rpc, "a");
    send_text(rpc, "b");
    send_text(rpc, "c");
    rpc_finish(rpc);
    expect_text(rpc, "1 a");
    expect_text(rpc, "2 b");
    expect_text(rpc, "3 c");
    rpc_expect(rpc, STATUS_OK, "");
}

static void each_stream_has_a_state_of_its_own_that_begins_with_zeros(void **state)
{
    struct trial *trial = *state;
    struct rpc *first = rpc_open(&trial->client, COUNTING);
    struct rpc *second = rpc_open(&trial->client, COUNTING);
    send_text(first, "a");
    expect_text(first, "1 a");
    send_text(second, "a");
    expect_text(second, "1 a");
}

/* Asks ONCE with that message, or with none. */
static void expect_refused(struct trial *trial, const struct text *message, enum status_code code,
                           const char *says)
{
    struct rpc *rpc = rpc_open(&trial->client, ONCE);
    if (message)
        rpc_send(rpc, *message);
    rpc_finish(rpc);
    rpc_expect(rpc, code, says);
}

static void a_missing_request_and_one_of_another_type_are_invalid(void **state)
{
    const struct text broken = text_literal("\x0a\x7f");
    expect_refused(*state, NULL, STATUS_INVALID_ARGUMENT, "the request message is incomplete");
    expect_refused(*state, &broken, STATUS_INVALID_ARGUMENT, "grpc.health.v1.HealthCheckRequest");
}

/* A note's bytes are its text's and three more. */
static void a_request_may_be_as_large_as_the_bound_and_no_larger(void **state)
{
    struct trial *trial = *state;
    char large[STREAM_REQUEST_BYTES] = {0};
    uint8_t bytes[8192];
    memset(large, 'x', STREAM_REQUEST_BYTES - 3);
    struct rpc *rpc = rpc_call(&trial->client, ONCE, pack(large, bytes));
    rpc_must_receive(rpc);
    rpc_expect(rpc, STATUS_ABORTED, "the first end");
    memset(large, 'x', STREAM_REQUEST_BYTES - 2);
    const struct text message = pack(large, bytes);
    expect_refused(trial, &message, STATUS_RESOURCE_EXHAUSTED, "4097 bytes");
}

static void ask_packed(struct h2 *h2, const char *text)
{
    static const struct h2_field gzip[] = {{"grpc-encoding", "gzip"}, {NULL, NULL}};
    uint8_t bytes[8192];
    h2_packed_message(h2, h2_open(h2, ONCE, 0, gzip), pack(text, bytes));
}

static void a_compressed_request_is_inflated_up_to_the_same_bound(void **state)
{
    struct trial *trial = *state;
    char large[STREAM_REQUEST_BYTES] = {0};
    struct h2 h2;
    struct h2_frame frame;
    h2_connect(&h2, NULL, trial->port);
    ask_packed(&h2, "packed");
    h2_expect(&h2, H2_HEADERS, 1, &frame);
    h2_expect(&h2, H2_DATA, 1, &frame);
    assert_non_null(memmem(frame.payload.data, frame.payload.size, "1 packed", 8));
    h2_expect(&h2, H2_HEADERS, 1, &frame);
    memset(large, 'x', STREAM_REQUEST_BYTES - 2);
    ask_packed(&h2, large);
    h2_expect(&h2, H2_HEADERS, 3, &frame);
    assert_true(h2_has(&frame, "grpc-status", "8"));
    h2_close(&h2);
}

static struct rpc *watch(struct trial *trial)
{
    struct rpc *rpc = rpc_open(&trial->client, WATCHING);
    send_text(rpc, "");
    return rpc;
}

static void set_value(struct trial *trial, int value)
{
    atomic_store(&trial->value, value);
    streams_wake(trial->streams);
}

static void a_wake_reaches_every_open_stream(void **state)
{
    struct trial *trial = *state;
    atomic_store(&trial->value, 1);
    struct rpc *first = watch(trial);
    struct rpc *second = watch(trial);
    expect_text(first, "1 now");
    expect_text(second, "1 now");
    set_value(trial, 2);
    expect_text(first, "2 now");
    expect_text(second, "2 now");
}

static void a_change_while_a_response_is_being_sent_follows_it(void **state)
{
    struct trial *trial = *state;
    trial->last = 3;
    atomic_store(&trial->value, 1);
    struct rpc *rpc = watch(trial);
    expect_text(rpc, "1 now");
    expect_text(rpc, "2 now");
    expect_text(rpc, "3 now");
}

static bool may_watch(struct trial *trial)
{
    struct text message;
    struct rpc *rpc = watch(trial);
    bool may = rpc_receive(rpc, &message);
    if (!may)
        rpc_expect(rpc, STATUS_RESOURCE_EXHAUSTED, "2 streams of this method are open");
    rpc_close(rpc);
    return may;
}

static void streams_above_the_bound_of_a_method_are_refused_until_one_ends(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpcs[WATCHERS];
    atomic_store(&trial->value, 1);
    for (size_t i = 0; i < WATCHERS; i++) {
        rpcs[i] = watch(trial);
        expect_text(rpcs[i], "1 now");
    }
    assert_false(may_watch(trial));
    struct rpc *other = rpc_open(&trial->client, COUNTING);
    send_text(other, "a");
    expect_text(other, "1 a");
    rpc_close(rpcs[0]);
    client_until(&trial->client, may_watch(trial));
}

static void open_streams_and_those_to_come_end_with_unavailable(void **state)
{
    struct trial *trial = *state;
    atomic_store(&trial->value, 1);
    struct rpc *open = watch(trial);
    expect_text(open, "1 now");
    streams_end(trial->streams);
    rpc_expect(open, STATUS_UNAVAILABLE, "shutting down");
    struct rpc *later = watch(trial);
    rpc_expect(later, STATUS_UNAVAILABLE, "shutting down");
}

static void a_stream_is_tracked_from_its_opening_to_its_end(void **state)
{
    struct trial *trial = *state;
    struct rpc *rpc = rpc_open(&trial->client, COUNTING);
    send_text(rpc, "a");
    expect_text(rpc, "1 a");
    assert_int_equal(atomic_load(&trial->core.tracker.count), 2);
    rpc_close(rpc);
    client_until(&trial->client, atomic_load(&trial->core.tracker.count) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(a_unary_method_ends_after_its_response_with_the_first_status),
        test(requests_of_a_dialogue_are_served_in_their_order),
        test(each_stream_has_a_state_of_its_own_that_begins_with_zeros),
        test(a_request_may_be_as_large_as_the_bound_and_no_larger),
        test(a_missing_request_and_one_of_another_type_are_invalid),
        test(a_compressed_request_is_inflated_up_to_the_same_bound),
        test(a_wake_reaches_every_open_stream),
        test(a_change_while_a_response_is_being_sent_follows_it),
        test(streams_above_the_bound_of_a_method_are_refused_until_one_ends),
        test(open_streams_and_those_to_come_end_with_unavailable),
        test(a_stream_is_tracked_from_its_opening_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
