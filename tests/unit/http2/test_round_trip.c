/* SPDX-License-Identifier: MIT */
/*
 * Does a call of a real client arrive unchanged in meaning, and its response too? A client session
 * of nghttp2 sends with its dynamic table, Huffman codes, padding and frames of any size; a server
 * session stands behind the guard.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http2_peers.h"

#include "base/banned.h"

#define CALLS 200
#define MOST_BODY 40000

/* A call as its client sends it, and what the client got of the response. */
struct call {
    struct output headers; /* "name: value\n" */
    struct output body;
    size_t sent;
    struct output response;
    int status;
    bool closed;
};

struct client {
    nghttp2_session *session;
    struct peers peers;
    size_t delivered; /* of what the guard wrote for the caller */
    struct call calls[CALLS];
    uint64_t random;
};

static uint32_t random_below(struct client *client, uint32_t bound)
{
    client->random = client->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(client->random >> 33) % bound;
}

static struct call *call_of(struct client *client, int32_t stream)
{
    return &client->calls[stream / 2];
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *at, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *context)
{
    (void)session, (void)source;
    struct client *client = context;
    struct call *call = call_of(client, stream);
    size_t left = call->body.size - call->sent;
    size_t size = random_below(client, (uint32_t)room) + 1;
    size = size < left ? size : left;
    if (size > 0)
        memcpy(at, call->body.data + call->sent, size);
    call->sent += size;
    if (call->sent == call->body.size)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

static ssize_t select_padding(nghttp2_session *session, const nghttp2_frame *frame, size_t most,
                              void *context)
{
    (void)session;
    size_t padded = frame->hd.length + random_below(context, 3) * random_below(context, 100);
    return (ssize_t)(padded < most ? padded : most);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *context)
{
    (void)session, (void)flags, (void)value_size;
    if (name_size == 11 && memcmp(name, "grpc-status", 11) == 0)
        call_of(context, frame->hd.stream_id)->status = *value - '0';
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t size, void *context)
{
    (void)session, (void)flags;
    output_add(&call_of(context, stream)->response, data, size);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
    (void)session;
    assert_int_equal(error, 0);
    call_of(context, stream)->closed = true;
    return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *context)
{
    (void)session, (void)context;
    fail_msg("the client got a frame of type %d that is wrong: %s", frame->hd.type,
             nghttp2_strerror(error));
    return 0;
}

static void client_init(struct client *client)
{
    nghttp2_session_callbacks *callbacks;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_select_padding_callback(callbacks, select_padding);
    assert_int_equal(nghttp2_session_client_new(&client->session, callbacks, client), 0);
    nghttp2_session_callbacks_del(callbacks);
    /* A smaller table than the default makes the client expect an update of its size. */
    const nghttp2_settings_entry entries[] = {{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 1024},
                                              {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 70000}};
    assert_int_equal(nghttp2_submit_settings(client->session, 0, entries, array_length(entries)),
                     0);
    client->random = 1;
    peers_init(&client->peers);
}

static void client_clear(struct client *client)
{
    nghttp2_session_del(client->session);
    for (size_t i = 0; i < CALLS; i++) {
        output_clear(&client->calls[i].headers);
        output_clear(&client->calls[i].body);
        output_clear(&client->calls[i].response);
    }
    peers_clear(&client->peers);
}

static bool client_sends(struct client *client)
{
    const uint8_t *data;
    bool sent = false;
    for (ssize_t size; (size = nghttp2_session_mem_send(client->session, &data)) > 0; sent = true) {
        struct output bytes = {0};
        output_add(&bytes, data, (size_t)size);
        caller_sends(&client->peers, &bytes);
    }
    return sent;
}

static bool client_receives(struct client *client)
{
    const struct output *got = &client->peers.to_caller;
    size_t size = got->size - client->delivered;
    ssize_t used = nghttp2_session_mem_recv(client->session, got->data + client->delivered, size);
    assert_int_equal(used, size);
    client->delivered = got->size;
    return size > 0;
}

static void exchange(struct client *client)
{
    bool more = true;
    while (more) {
        more = client_sends(client);
        more |= client_receives(client);
    }
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

/* A body of one message, whose bytes are anything. */
static void make_body(struct client *client, struct output *body)
{
    uint32_t size = random_below(client, random_below(client, 4) == 0 ? MOST_BODY : 300);
    uint8_t *at = output_extend(body, 5 + size);
    at[0] = 0;
    frame_write_u32(at + 1, size);
    for (uint32_t i = 0; i < size; i++)
        at[5 + i] = (uint8_t)random_below(client, 256);
}

static void note_headers(struct call *call, const nghttp2_nv *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        output_add(&call->headers, fields[i].name, fields[i].namelen);
        output_add(&call->headers, ": ", 2);
        output_add(&call->headers, fields[i].value, fields[i].valuelen);
        output_add(&call->headers, "\n", 1);
    }
}

static void submit(struct client *client, size_t index)
{
    struct call *call = &client->calls[index];
    char timeout[16], number[300];
    snprintf(timeout, sizeof timeout, "%um", 1000 + random_below(client, 1000));
    snprintf(number, sizeof number, "%*u", (int)random_below(client, 290) + 1, 7U);
    memset(number, 'n', strlen(number));
    const nghttp2_nv fields[] = {
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", index % 3 ? "/a.Service/Create" : "/b.Service/Delete"),
        field(":authority", "sidecar"),
        field("content-type", "application/grpc+proto"),
        field("te", "trailers"),
        field("grpc-timeout", timeout),
        field("user-agent", "grpc-go/1.60"),
        field("x-number", number),
        field("x-trace-bin", "AAEC/+8"),
        field("x-empty", ""),
    };
    make_body(client, &call->body);
    note_headers(call, fields, array_length(fields));
    nghttp2_priority_spec priority;
    nghttp2_priority_spec_init(&priority, 0, 1 + (int)random_below(client, 256), 0);
    nghttp2_data_provider provider = {.read_callback = read_body};
    call->status = -1;
    assert_int_equal(nghttp2_submit_request(client->session, &priority, fields,
                                            array_length(fields), &provider, NULL),
                     2 * index + 1);
}

static void expect_equal(const struct output *a, const struct output *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

static void expect_arrived(struct client *client, size_t index)
{
    const struct core_stream *stream = &client->peers.streams[2 * index + 1];
    struct call *call = &client->calls[index];
    assert_true(stream->ended);
    expect_equal(&stream->headers, &call->headers);
    expect_equal(&stream->data, &call->body);
}

static void expect_response(struct client *client, size_t index)
{
    struct call *call = &client->calls[index];
    assert_int_equal(call->status, 0);
    assert_true(call->closed);
    assert_int_equal(call->response.size, 7);
    assert_memory_equal(call->response.data, "\0\0\0\0\2ok", 7);
}

/* Calls in groups of random sizes, all of a group in flight together. */
static void a_clients_calls_arrive_and_are_answered_unchanged(void **state)
{
    (void)state;
    static struct client client;
    client = (struct client){0};
    client_init(&client);
    for (size_t first = 0, next = 0; first < CALLS; first = next) {
        next = first + 1 + random_below(&client, 20);
        next = next < CALLS ? next : CALLS;
        for (size_t i = first; i < next; i++)
            submit(&client, i);
        exchange(&client);
        for (size_t i = first; i < next; i++) {
            expect_arrived(&client, i);
            core_responds(&client.peers, (uint32_t)(2 * i + 1));
        }
        exchange(&client);
        for (size_t i = first; i < next; i++)
            expect_response(&client, i);
        assert_int_equal(guard_open_streams(client.peers.guard), 0);
    }
    client_clear(&client);
}

/* Were credit lost for padding and dropped data, the windows would run out. */
static void a_clients_windows_do_not_run_out(void **state)
{
    (void)state;
    static struct client client;
    client = (struct client){0};
    client_init(&client);
    client.peers.settings.max_message = 200;
    for (size_t i = 0; i < CALLS; i++) {
        submit(&client, i);
        exchange(&client);
        assert_true(client.calls[i].closed || client.peers.streams[2 * i + 1].ended);
        if (!client.calls[i].closed)
            core_responds(&client.peers, (uint32_t)(2 * i + 1));
        exchange(&client);
        assert_int_equal(client.calls[i].status,
                         client.calls[i].body.size > 205 ? STATUS_RESOURCE_EXHAUSTED : 0);
    }
    assert_int_equal(guard_open_streams(client.peers.guard), 0);
    client_clear(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clients_calls_arrive_and_are_answered_unchanged),
        cmocka_unit_test(a_clients_windows_do_not_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
