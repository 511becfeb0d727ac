/* SPDX-License-Identifier: MIT */
#include "server/stream.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "server/inflate.h"

#include "base/banned.h"

struct registered_method {
    struct streams *streams;
    const struct stream_method *row;
    void *registered; /* grpc_server_register_method's */
    size_t open;
};

struct stream {
    struct tag opened, closed, received, sent;
    LIST_ENTRY(stream) place;
    struct registered_method *method;
    grpc_call *rpc;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *message;
    int cancelled;
    unsigned operations; /* under way; when the last one ends, the stream is freed */
    bool has_begun, is_sending;
    int64_t
        finished_ns; /* 0, or since then `status` is to be sent when nothing else is being sent */
    bool is_over;    /* nothing more may be sent */
    struct status status;
    alignas(max_align_t) char state[];
};

struct streams {
    struct core *core;
    void *context;
    pthread_mutex_t lock; /* of everything below and of the open streams */
    bool have_ended;
    LIST_HEAD(, stream) open;
    size_t count;
    struct registered_method methods[];
};

static void on_opened(struct tag *tag, bool good);
static void on_closed(struct tag *tag, bool good);
static void on_received(struct tag *tag, bool good);
static void on_sent(struct tag *tag, bool good);

/* Requests the next stream of the method from C-core. */
static void arm(struct registered_method *method)
{
    const struct core *core = method->streams->core;
    struct stream *stream = memory_expect(calloc(1, sizeof *stream + method->row->state_bytes));
    stream->opened.happened = on_opened;
    stream->closed.happened = on_closed;
    stream->received.happened = on_received;
    stream->sent.happened = on_sent;
    stream->method = method;
    grpc_metadata_array_init(&stream->metadata);
    if (grpc_server_request_registered_call(core->server, method->registered, &stream->rpc,
                                            &stream->deadline, &stream->metadata, NULL, core->queue,
                                            core->queue, &stream->opened) != GRPC_CALL_OK)
        free(stream);
}

static void start(struct stream *stream, const grpc_op *operations, size_t count, struct tag *tag)
{
    stream->operations++;
    /* A stream accepts these operations whatever its peer does. */
    if (grpc_call_start_batch(stream->rpc, operations, count, tag, NULL) != GRPC_CALL_OK)
        abort();
}

static void receive(struct stream *stream)
{
    grpc_op message = {.op = GRPC_OP_RECV_MESSAGE,
                       .data.recv_message.recv_message = &stream->message};
    start(stream, &message, 1, &stream->received);
}

/* The first operation is sent with the initial metadata. */
static void send_operation(struct stream *stream, grpc_op what)
{
    grpc_op operations[] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, what};
    size_t first = stream->has_begun ? 1 : 0;
    stream->has_begun = stream->is_sending = true;
    start(stream, operations + first, 2 - first, &stream->sent);
}

static void send_status(struct stream *stream)
{
    grpc_slice message = grpc_slice_from_copied_string(stream->status.message);
    stream->is_over = true;
    send_operation(stream, (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
                                     .data.send_status_from_server = {
                                         .status = (grpc_status_code)stream->status.code,
                                         .status_details = &message,
                                     }});
    grpc_slice_unref(message);
}

/* A response may be sent: nothing is being sent, and the status was not sent. */
static bool is_idle(const struct stream *stream)
{
    return !stream->is_sending && !stream->is_over;
}

void stream_send(struct stream *stream, const ProtobufCMessage *response)
{
    assert(is_idle(stream));
    grpc_slice bytes = grpc_slice_malloc(protobuf_c_message_get_packed_size(response));
    protobuf_c_message_pack(response, GRPC_SLICE_START_PTR(bytes));
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&bytes, 1);
    send_operation(
        stream, (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message});
    grpc_byte_buffer_destroy(message);
    grpc_slice_unref(bytes);
}

void stream_finish(struct stream *stream, const struct status *status)
{
    if (stream->is_over || stream->finished_ns > 0)
        return;
    stream->finished_ns = clock_now_ns();
    stream->status = *status;
    if (!stream->is_sending)
        send_status(stream);
}

void *stream_context(struct stream *stream)
{
    return stream->method->streams->context;
}

void *stream_state(struct stream *stream)
{
    return stream->state;
}

static void *allocate_in_arena(void *arena, size_t bytes)
{
    return memory_expect(arena_alloc(arena, bytes ? bytes : 1));
}

static void leave_in_arena(void *arena, void *memory)
{
    (void)arena, (void)memory;
}

static struct text copy_message(grpc_byte_buffer *message, struct arena *arena)
{
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, message))
        return (struct text){"", 0};
    grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    struct text bytes = core_text(&whole);
    bytes.data = memory_expect(arena_copy(arena, bytes.data, bytes.size));
    grpc_slice_unref(whole);
    grpc_byte_buffer_reader_destroy(&reader);
    return bytes;
}

static bool read_request(const struct stream *stream, struct arena *arena,
                         ProtobufCMessage **request, struct status *status)
{
    ProtobufCAllocator allocator = {allocate_in_arena, leave_in_arena, arena};
    size_t size = grpc_byte_buffer_length(stream->message);
    if (size > STREAM_REQUEST_BYTES)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "the request message has %zu bytes; at most %d are allowed", size,
                           STREAM_REQUEST_BYTES);
    struct text bytes = copy_message(stream->message, arena);
    if (stream->message->data.raw.compression != GRPC_COMPRESS_NONE &&
        !inflate_message(bytes, STREAM_REQUEST_BYTES, arena, &bytes, status))
        return status_fail(status, status->code,
                           "the request message does not inflate to at most %d bytes",
                           STREAM_REQUEST_BYTES);
    ProtobufCMessage *read = protobuf_c_message_unpack(stream->method->row->request, &allocator,
                                                       bytes.size, (const uint8_t *)bytes.data);
    if (!read)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "the request message is not a valid %s",
                           stream->method->row->request->name);
    *request = read;
    return true;
}

static void take_request(struct stream *stream)
{
    struct arena arena;
    struct status status;
    ProtobufCMessage *request = NULL;
    /* The size of the request bounds the memory that unpacking it takes. */
    arena_init(&arena, SIZE_MAX);
    if (read_request(stream, &arena, &request, &status))
        stream->method->row->on_request(stream, request, &arena);
    else
        stream_finish(stream, &status);
    arena_clear(&arena);
}

/* The client sends no more requests, or it has gone. */
static void on_half_closed(struct stream *stream)
{
    struct status status;
    status_clear(&status);
    if (!stream->method->row->is_dialogue)
        status_set(&status, STATUS_INVALID_ARGUMENT, "the request message is incomplete");
    stream_finish(stream, &status);
}

static void free_stream(struct stream *stream)
{
    struct rpc_tracker *tracker = &stream->method->streams->core->tracker;
    LIST_REMOVE(stream, place);
    stream->method->open--;
    grpc_metadata_array_destroy(&stream->metadata);
    grpc_call_unref(stream->rpc);
    free(stream);
    rpc_tracker_done(tracker);
}

static void operation_ended(struct stream *stream)
{
    if (--stream->operations == 0)
        free_stream(stream);
}

static bool may_open(const struct stream *stream, struct status *status)
{
    const struct registered_method *method = stream->method;
    if (method->streams->have_ended)
        return status_fail(status, STATUS_UNAVAILABLE, "the server is shutting down");
    if (method->row->most && method->open > method->row->most)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "%zu streams of this method are open, which is the limit",
                           method->row->most);
    return true;
}

static void on_opened(struct tag *tag, bool good)
{
    struct stream *stream = container_of(tag, struct stream, opened);
    struct streams *streams = stream->method->streams;
    struct status status;
    if (!good) {
        grpc_metadata_array_destroy(&stream->metadata);
        free(stream);
        return;
    }
    arm(stream->method);
    rpc_tracker_add(&streams->core->tracker);
    pthread_mutex_lock(&streams->lock);
    LIST_INSERT_HEAD(&streams->open, stream, place);
    stream->method->open++;
    grpc_op close = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                     .data.recv_close_on_server.cancelled = &stream->cancelled};
    start(stream, &close, 1, &stream->closed);
    if (may_open(stream, &status))
        receive(stream);
    else
        stream_finish(stream, &status);
    pthread_mutex_unlock(&streams->lock);
}

/* The status has been sent or the caller has gone, so that nothing can be sent any more. */
static void on_closed(struct tag *tag, bool good)
{
    (void)good;
    struct stream *stream = container_of(tag, struct stream, closed);
    struct streams *streams = stream->method->streams;
    pthread_mutex_lock(&streams->lock);
    stream->is_over = true;
    operation_ended(stream);
    pthread_mutex_unlock(&streams->lock);
}

static void on_received(struct tag *tag, bool good)
{
    (void)good;
    struct stream *stream = container_of(tag, struct stream, received);
    struct streams *streams = stream->method->streams;
    pthread_mutex_lock(&streams->lock);
    if (!stream->is_over && stream->message)
        take_request(stream);
    else if (!stream->is_over)
        on_half_closed(stream);
    if (stream->message)
        grpc_byte_buffer_destroy(stream->message);
    stream->message = NULL;
    operation_ended(stream);
    pthread_mutex_unlock(&streams->lock);
}

static void wake(struct stream *stream)
{
    if (is_idle(stream) && stream->method->row->on_writable)
        stream->method->row->on_writable(stream);
}

static void on_sent(struct tag *tag, bool good)
{
    (void)good;
    struct stream *stream = container_of(tag, struct stream, sent);
    struct streams *streams = stream->method->streams;
    pthread_mutex_lock(&streams->lock);
    stream->is_sending = false;
    wake(stream);
    if (is_idle(stream)) {
        if (stream->finished_ns > 0)
            send_status(stream);
        else if (stream->method->row->is_dialogue)
            receive(stream);
    }
    operation_ended(stream);
    pthread_mutex_unlock(&streams->lock);
}

struct streams *streams_new(struct core *core, const struct stream_method *methods, size_t count,
                            void *context)
{
    struct streams *streams =
        memory_expect(calloc(1, sizeof *streams + count * sizeof streams->methods[0]));
    *streams = (struct streams){.core = core, .context = context, .count = count};
    pthread_mutex_init(&streams->lock, NULL);
    LIST_INIT(&streams->open);
    for (size_t i = 0; i < count; i++) {
        struct registered_method *method = &streams->methods[i];
        method->streams = streams;
        method->row = &methods[i];
        method->registered = grpc_server_register_method(core->server, methods[i].path, NULL,
                                                         GRPC_SRM_PAYLOAD_NONE, 0);
        if (!method->registered)
            abort();
    }
    return streams;
}

void streams_start(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        arm(&streams->methods[i]);
}

void streams_wake(struct streams *streams)
{
    struct stream *stream;
    pthread_mutex_lock(&streams->lock);
    LIST_FOREACH(stream, &streams->open, place)
    wake(stream);
    pthread_mutex_unlock(&streams->lock);
}

void streams_end(struct streams *streams)
{
    struct stream *stream;
    struct status status;
    status_set(&status, STATUS_UNAVAILABLE, "the server is shutting down");
    pthread_mutex_lock(&streams->lock);
    streams->have_ended = true;
    LIST_FOREACH(stream, &streams->open, place)
    stream_finish(stream, &status);
    pthread_mutex_unlock(&streams->lock);
}

void streams_end_undelivered(struct streams *streams)
{
    struct stream *stream;
    int64_t late_ns = clock_now_ns() - CORE_DELIVERY_NS;
    pthread_mutex_lock(&streams->lock);
    LIST_FOREACH(stream, &streams->open, place)
    if (stream->finished_ns > 0 && stream->finished_ns < late_ns)
        core_end_undelivered(stream->rpc);
    pthread_mutex_unlock(&streams->lock);
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}
