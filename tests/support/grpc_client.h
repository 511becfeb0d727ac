/* SPDX-License-Identifier: MIT */
/*
 * A gRPC client of C-core in the test's own thread. A wait for one of its calls also runs the loop
 * that the server needs. Calls are the client's memory, so that a test may fail at any point.
 * Include cmocka.h first.
 */
#pragma once

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <stdio.h>
#include <string.h>
#if __has_include(<grpc/credentials.h>)
#include <grpc/credentials.h> /* plaintext credentials, in releases after 1.51 */
#endif

#include "base/grpc_start.h"
#include "base/status.h"
#include "base/text.h"
#include "loop.h"

/* An operation under way. */
struct batch {
    bool is_due, is_done, is_good;
};

static inline bool batch_is_over(const struct batch *batch)
{
    return !batch->is_due || batch->is_done;
}

struct rpc {
    struct grpc_client *client; /* NULL: not in use */
    grpc_call *call;
    struct batch opened, headers, sent, received, ended;
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *message;
    grpc_slice bytes; /* of the last message */
    bool has_bytes;
    grpc_status_code code;
    grpc_slice details;
};

#define CLIENT_RPCS 128

struct grpc_client {
    struct event_base *loop; /* NULL for none */
    grpc_channel *channel;
    grpc_completion_queue *queue;
    struct rpc rpcs[CLIENT_RPCS];
};

static inline void client_open(struct grpc_client *client, struct event_base *loop, uint16_t port)
{
    grpc_arg numbers[] = {
        {GRPC_ARG_INTEGER, (char *)(uintptr_t)GRPC_ARG_ENABLE_HTTP_PROXY, {.integer = 0}},
        {GRPC_ARG_INTEGER, (char *)(uintptr_t)GRPC_ARG_ENABLE_RETRIES, {.integer = 0}},
        {GRPC_ARG_INTEGER, (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, {.integer = 1}},
    };
    grpc_channel_args arguments = {array_length(numbers), numbers};
    char target[32];
    snprintf(target, sizeof target, "ipv4:127.0.0.1:%u", port);
    grpc_deadlock_detector_off();
    grpc_init();
    grpc_channel_credentials *plaintext = grpc_insecure_credentials_create();
    *client = (struct grpc_client){loop,
                                   grpc_channel_create(target, plaintext, &arguments),
                                   grpc_completion_queue_create_for_next(NULL),
                                   {{0}}};
    grpc_channel_credentials_release(plaintext);
}

static inline void rpc_start(struct rpc *rpc, grpc_op operation, struct batch *batch)
{
    *batch = (struct batch){.is_due = true};
    assert_int_equal(grpc_call_start_batch(rpc->call, &operation, 1, batch, NULL), GRPC_CALL_OK);
}

static inline void client_turn(struct grpc_client *client)
{
    if (client->loop)
        event_base_loop(client->loop, EVLOOP_NONBLOCK);
    grpc_event event = grpc_completion_queue_next(
        client->queue,
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(2, GPR_TIMESPAN)), NULL);
    if (event.type != GRPC_OP_COMPLETE)
        return;
    struct batch *batch = event.tag;
    batch->is_done = true;
    batch->is_good = event.success;
}

#define client_until(client, condition)                                                            \
    for (int64_t client_end = clock_now_ns() + LOOP_PATIENCE_NS; !(condition);) {                  \
        if (clock_now_ns() > client_end)                                                           \
            fail_msg("it never came that %s", #condition);                                         \
        client_turn(client);                                                                       \
    }

static inline struct rpc *rpc_unused(struct grpc_client *client)
{
    struct rpc *rpc = client->rpcs;
    while (rpc->client)
        assert_true(++rpc < client->rpcs + CLIENT_RPCS);
    return rpc;
}

static inline struct rpc *rpc_open(struct grpc_client *client, const char *path)
{
    struct rpc *rpc = rpc_unused(client);
    *rpc = (struct rpc){.client = client};
    grpc_slice method = grpc_slice_from_copied_string(path);
    rpc->call =
        grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue,
                                 method, NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_slice_unref(method);
    grpc_metadata_array_init(&rpc->initial);
    grpc_metadata_array_init(&rpc->trailing);
    rpc_start(rpc, (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA}, &rpc->opened);
    rpc_start(rpc,
              (grpc_op){.op = GRPC_OP_RECV_INITIAL_METADATA,
                        .data.recv_initial_metadata.recv_initial_metadata = &rpc->initial},
              &rpc->headers);
    rpc_start(rpc,
              (grpc_op){.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
                        .data.recv_status_on_client = {.trailing_metadata = &rpc->trailing,
                                                       .status = &rpc->code,
                                                       .status_details = &rpc->details}},
              &rpc->ended);
    return rpc;
}

static inline void rpc_send(struct rpc *rpc, struct text message)
{
    client_until(rpc->client, batch_is_over(&rpc->sent));
    grpc_slice slice = grpc_slice_from_copied_buffer(message.data, message.size);
    grpc_byte_buffer *bytes = grpc_raw_byte_buffer_create(&slice, 1);
    rpc_start(rpc, (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = bytes},
              &rpc->sent);
    grpc_byte_buffer_destroy(bytes);
    grpc_slice_unref(slice);
}

/* No more messages. */
static inline void rpc_finish(struct rpc *rpc)
{
    client_until(rpc->client, batch_is_over(&rpc->sent));
    rpc_start(rpc, (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, &rpc->sent);
}

static inline void rpc_drop_bytes(struct rpc *rpc)
{
    if (rpc->has_bytes)
        grpc_slice_unref(rpc->bytes);
    rpc->has_bytes = false;
}

static inline void rpc_take_message(struct rpc *rpc)
{
    grpc_byte_buffer_reader reader;
    assert_true(grpc_byte_buffer_reader_init(&reader, rpc->message));
    rpc_drop_bytes(rpc);
    rpc->bytes = grpc_byte_buffer_reader_readall(&reader);
    rpc->has_bytes = true;
    grpc_byte_buffer_reader_destroy(&reader);
    grpc_byte_buffer_destroy(rpc->message);
    rpc->message = NULL;
}

/* Asks for the next message, which rpc_await takes. */
static inline void rpc_listen(struct rpc *rpc)
{
    rpc_start(
        rpc, (grpc_op){.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &rpc->message},
        &rpc->received);
}

/* Waits for the message that was asked for; false when no more comes. A view of it until the next
 * one. */
static inline bool rpc_await(struct rpc *rpc, struct text *message)
{
    client_until(rpc->client, rpc->received.is_done);
    if (!rpc->message)
        return false;
    rpc_take_message(rpc);
    *message = (struct text){(const char *)GRPC_SLICE_START_PTR(rpc->bytes),
                             GRPC_SLICE_LENGTH(rpc->bytes)};
    return true;
}

static inline bool rpc_receive(struct rpc *rpc, struct text *message)
{
    rpc_listen(rpc);
    return rpc_await(rpc, message);
}

/* The same, and it has to come. */
static inline struct text rpc_must_receive(struct rpc *rpc)
{
    struct text message = {"", 0};
    if (!rpc_receive(rpc, &message))
        fail_msg("no message came");
    return message;
}

/* Waits for the status, and returns its code. */
static inline enum status_code rpc_end(struct rpc *rpc)
{
    client_until(rpc->client, rpc->ended.is_done);
    return (enum status_code)rpc->code;
}

/* After rpc_end: the status has that code and says that. */
static inline void rpc_expect(struct rpc *rpc, enum status_code code, const char *says)
{
    char message[STATUS_MESSAGE_BYTES];
    enum status_code ended = rpc_end(rpc);
    snprintf(message, sizeof message, "%.*s", (int)GRPC_SLICE_LENGTH(rpc->details),
             (const char *)GRPC_SLICE_START_PTR(rpc->details));
    if (ended != code || !strstr(message, says))
        fail_msg("%s: %s", status_code_name(ended), message);
}

/* The value of that name; empty when there is none. */
static inline struct text rpc_metadata(const grpc_metadata_array *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (grpc_slice_str_cmp(list->metadata[i].key, name) == 0)
            return (struct text){(const char *)GRPC_SLICE_START_PTR(list->metadata[i].value),
                                 GRPC_SLICE_LENGTH(list->metadata[i].value)};
    return (struct text){"", 0};
}

/* Cancels it when it is still under way; client_close does it for those that are left. */
static inline void rpc_close(struct rpc *rpc)
{
    grpc_call_cancel(rpc->call, NULL);
    client_until(rpc->client, batch_is_over(&rpc->opened) && batch_is_over(&rpc->headers) &&
                                  batch_is_over(&rpc->sent) && batch_is_over(&rpc->received) &&
                                  batch_is_over(&rpc->ended));
    if (rpc->message)
        grpc_byte_buffer_destroy(rpc->message);
    rpc_drop_bytes(rpc);
    grpc_slice_unref(rpc->details);
    grpc_metadata_array_destroy(&rpc->initial);
    grpc_metadata_array_destroy(&rpc->trailing);
    grpc_call_unref(rpc->call);
    rpc->client = NULL;
}

/* A call of one message, whose status and response are waited for elsewhere. */
static inline struct rpc *rpc_call(struct grpc_client *client, const char *path,
                                   struct text message)
{
    struct rpc *rpc = rpc_open(client, path);
    rpc_send(rpc, message);
    rpc_finish(rpc);
    return rpc;
}

/* Closes its calls as well. */
static inline void client_close(struct grpc_client *client)
{
    for (size_t i = 0; i < CLIENT_RPCS; i++)
        if (client->rpcs[i].client)
            rpc_close(&client->rpcs[i]);
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    while (
        grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
        GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(client->queue);
    grpc_shutdown_blocking();
}
