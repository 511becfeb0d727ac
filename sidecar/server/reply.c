/* SPDX-License-Identifier: MIT */
#include <grpc/byte_buffer.h>
#include <stdlib.h>

#include "server/call.h"
#include "server/call_state.h"
#include "server/poller.h"

#include "base/banned.h"

static void on_committed(struct front_commit *commit, bool good)
{
    struct call *call = container_of(commit, struct call, commit);
    atomic_store(&call->has_headers, true);
    call->unary->calls->handler->committed(call, good, call->unary->calls->handler->context);
    call_release(call);
}

static void finish(struct call *call)
{
    TAILQ_REMOVE(&call->unary->calls->open, call, place);
    call_release(call);
}

static void on_replied(struct tag *tag, bool good)
{
    (void)good;
    finish(container_of(tag, struct call, replied));
}

static void add_metadata(struct metadata_list *list, const char *name, struct text value)
{
    if (list->count < CALL_METADATA)
        list->list[list->count++] =
            (grpc_metadata){.key = grpc_slice_from_static_string(name), .value = core_slice(value)};
}

void call_send_metadata(struct call *call, const char *name, struct text value)
{
    add_metadata(&call->initial, name, value);
}

void call_send_trailer(struct call *call, const char *name, struct text value)
{
    add_metadata(&call->trailing, name, value);
}

static void release_metadata(struct metadata_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        grpc_slice_unref(list->list[i].value);
    list->count = 0;
}

uint8_t *call_response_space(struct call *call, size_t bytes)
{
    call->response = grpc_slice_malloc(bytes);
    call->has_response = true;
    return GRPC_SLICE_START_PTR(call->response);
}

static struct text find_value(const struct metadata_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (grpc_slice_str_cmp(list->list[i].key, name) == 0)
            return core_text(&list->list[i].value);
    return (struct text){NULL, 0};
}

/* C-core refuses the reply only when its metadata is not legal, which is a bug; the caller must not
 * wait for ever because of it. The incident is the request id of the call's line in the log. */
static void cancel_unsendable(struct call *call)
{
    struct status status;
    struct text ahead = find_value(&call->initial, "x-request-id");
    struct text incident = ahead.data ? ahead : find_value(&call->trailing, "x-request-id");
    status_set(&status, STATUS_INTERNAL, "the metadata of the response is not legal; incident %.*s",
               text_arguments(incident));
    grpc_call_cancel_with_status(call->rpc, GRPC_STATUS_INTERNAL, status.message, NULL);
}

/* The front drops what C-core writes of it for a committed call. With no initial metadata C-core
 * writes a failure as one HEADERS frame, which is Trailers-Only. */
static grpc_op initial_operation(struct call *call)
{
    bool has_initial = !call->is_committed && call->code == STATUS_OK;
    return (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA,
                     .data.send_initial_metadata = {.count = has_initial ? call->initial.count : 0,
                                                    .metadata = call->initial.list}};
}

bool call_has_room(const struct call *call)
{
    return front_has_room(call->unary->calls->core->front, &call->stream);
}

void call_commit(struct call *call)
{
    const struct metadata_list *initial = &call->initial;
    for (size_t i = 0; i < initial->count; i++)
        call->headers[i] = (struct guard_field){core_text(&initial->list[i].key),
                                                core_text(&initial->list[i].value)};
    call->commit.call = call->stream.number;
    call->commit.fields = call->headers;
    call->commit.field_count = initial->count;
    call->commit.done = on_committed;
    call->is_committed = true;
    call_hold(call);
    front_commit(call->unary->calls->core->front, &call->commit);
}

static void repeat_in_trailers(struct call *call)
{
    struct metadata_list *trailing = &call->trailing;
    for (size_t i = 0; i < call->initial.count && trailing->count < CALL_METADATA; i++) {
        grpc_slice_ref(call->initial.list[i].value);
        trailing->list[trailing->count++] = call->initial.list[i];
    }
}

static grpc_op status_operation(struct call *call)
{
    return (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
                     .data.send_status_from_server = {
                         .trailing_metadata_count = call->trailing.count,
                         .trailing_metadata = call->trailing.list,
                         .status = (grpc_status_code)call->code,
                         .status_details = call->code == STATUS_OK ? NULL : &call->details}};
}

static void release_sent(struct call *call, grpc_byte_buffer *message)
{
    release_metadata(&call->trailing);
    if (message)
        grpc_byte_buffer_destroy(message);
    else
        grpc_slice_unref(call->details);
}

/* It is not followed from here on, because its reply ends its stream. */
static void unfollow(struct call *call)
{
    if (front_unfollow(call->unary->calls->core->front, &call->stream))
        call_release(call);
}

/* C-core wants to report the end of each call. Only now, because it looks through all operations
 * under way for each one that ends. */
static grpc_op close_operation(struct call *call)
{
    return (grpc_op){.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                     .data.recv_close_on_server.cancelled = &call->cancelled};
}

static void start_reply(struct task *task)
{
    struct call *call = container_of(task, struct call, replying);
    unfollow(call);
    grpc_byte_buffer *message =
        call->code == STATUS_OK ? grpc_raw_byte_buffer_create(&call->response, 1) : NULL;
    grpc_op operations[4];
    size_t count = 0;
    operations[count++] = initial_operation(call);
    operations[count++] = status_operation(call);
    operations[count++] = close_operation(call);
    if (message)
        operations[count++] =
            (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message};
    bool is_started =
        grpc_call_start_batch(call->rpc, operations, count, &call->replied, NULL) == GRPC_CALL_OK;
    if (!is_started)
        cancel_unsendable(call);
    release_sent(call, message);
    if (!is_started)
        finish(call);
}

void call_reply(struct call *call, const struct status *status)
{
    call->code = status->code;
    if (status->code != STATUS_OK) {
        call->details = grpc_slice_from_copied_string(status->message);
        /* The failure of a call that is being committed may overtake the headers. */
        if (!call->is_committed || !atomic_load(&call->has_headers))
            repeat_in_trailers(call);
    }
    /* Relaxed, as only a count: the tracker of the RPCs is what the end waits for. */
    atomic_fetch_sub_explicit(&call->unary->calls->in_flight, 1, memory_order_relaxed);
    poller_run(call->unary->calls->core->poller, &call->replying);
}

void reply_init(struct call *call)
{
    call->replying.run = start_reply;
    call->replied.happened = on_replied;
}

void reply_clear(struct call *call)
{
    release_metadata(&call->initial);
}
