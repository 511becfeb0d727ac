/* SPDX-License-Identifier: MIT */
#include "server/unknown_method.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/status.h"
#include "server/listener.h"

#include "base/banned.h"

/* As much of a path as is told back. */
#define PATH_BYTES 200

struct unknown {
    grpc_server *server;
    grpc_completion_queue *queue;
    const struct call_handler *handler;
    struct metrics *metrics;
    struct life *life;
};

/* A call on its short way: opened, and answered in one go. */
struct stranger {
    struct tag opened, answered;
    struct unknown *unknown;
    grpc_call *rpc;
    grpc_call_details details;
    grpc_metadata_array metadata;
    int fd, cancelled;
};

static void on_opened(struct tag *tag, bool good);
static void on_answered(struct tag *tag, bool good);

static void free_stranger(struct stranger *stranger)
{
    grpc_call_details_destroy(&stranger->details);
    grpc_metadata_array_destroy(&stranger->metadata);
    free(stranger);
}

static void arm(struct unknown *unknown)
{
    struct stranger *stranger = memory_expect(calloc(1, sizeof *stranger));
    stranger->opened.happened = on_opened;
    stranger->answered.happened = on_answered;
    stranger->unknown = unknown;
    grpc_call_details_init(&stranger->details);
    grpc_metadata_array_init(&stranger->metadata);
    if (grpc_server_request_call(unknown->server, &stranger->rpc, &stranger->details,
                                 &stranger->metadata, unknown->queue, unknown->queue,
                                 &stranger->opened) != GRPC_CALL_OK)
        free_stranger(stranger);
}

/* What may be shown of a path: any bytes may have come. */
static void show(struct text path, char shown[PATH_BYTES + 1])
{
    size_t bytes = path.size < PATH_BYTES ? path.size : PATH_BYTES;
    for (size_t i = 0; i < bytes; i++)
        shown[i] = path.data[i] >= ' ' && path.data[i] <= '~' ? path.data[i] : '?';
    shown[bytes] = '\0';
}

static void send_status(struct stranger *stranger, const struct status *status, struct text details)
{
    grpc_slice message = grpc_slice_from_copied_string(status->message);
    grpc_metadata trailer = {.key = grpc_slice_from_static_string("grpc-status-details-bin"),
                             .value = core_slice(details)};
    grpc_op operations[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
         .data.send_status_from_server = {.trailing_metadata_count = details.size > 0,
                                          .trailing_metadata = &trailer,
                                          .status = (grpc_status_code)status->code,
                                          .status_details = &message}},
        {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
         .data.recv_close_on_server.cancelled = &stranger->cancelled},
    };
    /* A fresh call takes these operations whatever its peer does. */
    if (grpc_call_start_batch(stranger->rpc, operations, array_length(operations),
                              &stranger->answered, NULL) != GRPC_CALL_OK)
        abort();
    grpc_slice_unref(trailer.value);
    grpc_slice_unref(message);
}

static void respond(struct stranger *stranger)
{
    const struct call_handler *handler = stranger->unknown->handler;
    char path[PATH_BYTES + 1];
    struct arena arena;
    struct status status;
    struct call_trailers trailers;
    arena_init(&arena, CALL_TRAILERS_BYTES);
    show(core_text(&stranger->details.method), path);
    status_set(&status, STATUS_UNIMPLEMENTED,
               "%s: no such method; `apig-sidecar check` lists what is served", path);
    handler->explain(&status, &arena, &trailers, handler->context);
    send_status(stranger, &status, trailers.details);
    arena_clear(&arena);
}

static void on_opened(struct tag *tag, bool good)
{
    struct stranger *stranger = container_of(tag, struct stranger, opened);
    if (!good) {
        free_stranger(stranger);
        return;
    }
    arm(stranger->unknown);
    life_enter(stranger->unknown->life);
    metric_count(stranger->unknown->metrics, METRIC_CALLS, METRIC_OTHER, STATUS_UNIMPLEMENTED);
    stranger->fd = core_descriptor(stranger->rpc);
    respond(stranger);
}

static void on_answered(struct tag *tag, bool good)
{
    (void)good;
    struct stranger *stranger = container_of(tag, struct stranger, answered);
    struct life *life = stranger->unknown->life;
    if (stranger->cancelled)
        listener_given_up(life->listeners, stranger->fd);
    grpc_call_unref(stranger->rpc);
    free_stranger(stranger);
    life_leave(life);
}

struct unknown *unknown_new(grpc_server *server, grpc_completion_queue *queue,
                            const struct call_handler *handler, struct metrics *metrics,
                            struct life *life)
{
    struct unknown *unknown = memory_expect(calloc(1, sizeof *unknown));
    *unknown = (struct unknown){server, queue, handler, metrics, life};
    return unknown;
}

void unknown_start(struct unknown *unknown)
{
    arm(unknown);
}

void unknown_free(struct unknown *unknown)
{
    free(unknown);
}
