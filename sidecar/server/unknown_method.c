/* SPDX-License-Identifier: MIT */
#include "server/unknown_method.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/status.h"

#include "base/banned.h"

/* A path is cut to this in the message. */
#define PATH_BYTES 200

struct unknown_method {
    struct core *core;
    const struct schema *schema;
    const struct call_handler *handler;
    struct metrics *metrics;
};

/* A call that is opened and replied to in one batch. */
struct unknown_call {
    struct tag opened, replied;
    struct unknown_method *unknown;
    grpc_call *rpc;
    grpc_call_details details;
    grpc_metadata_array metadata;
    int cancelled;
};

static void on_opened(struct tag *tag, bool good);
static void on_replied(struct tag *tag, bool good);

static void free_call(struct unknown_call *call)
{
    grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->metadata);
    free(call);
}

static void arm(struct unknown_method *unknown)
{
    struct unknown_call *call = memory_expect(calloc(1, sizeof *call));
    call->opened.happened = on_opened;
    call->replied.happened = on_replied;
    call->unknown = unknown;
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    if (grpc_server_request_call(unknown->core->server, &call->rpc, &call->details, &call->metadata,
                                 unknown->core->queue, unknown->core->queue,
                                 &call->opened) != GRPC_CALL_OK)
        free_call(call);
}

/* The path may have any bytes; those that are not printable are replaced. */
static void make_printable(struct text path, char shown[PATH_BYTES + 1])
{
    size_t bytes = path.size < PATH_BYTES ? path.size : PATH_BYTES;
    for (size_t i = 0; i < bytes; i++)
        shown[i] = path.data[i] >= ' ' && path.data[i] <= '~' ? path.data[i] : '?';
    shown[bytes] = '\0';
}

static void send_status(struct unknown_call *call, const struct status *status, struct text details)
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
         .data.recv_close_on_server.cancelled = &call->cancelled},
    };
    /* A new call accepts these operations whatever its peer does. */
    if (grpc_call_start_batch(call->rpc, operations, array_length(operations), &call->replied,
                              NULL) != GRPC_CALL_OK)
        abort();
    grpc_slice_unref(trailer.value);
    grpc_slice_unref(message);
}

static void respond(struct unknown_call *call)
{
    const struct call_handler *handler = call->unknown->handler;
    char path[PATH_BYTES + 1];
    struct arena arena;
    struct status status;
    struct call_trailers trailers;
    arena_init(&arena, CALL_TRAILERS_BYTES);
    make_printable(core_text(&call->details.method), path);
    const char *reason =
        schema_unserved_reason(call->unknown->schema, core_text(&call->details.method));
    if (reason)
        status_set(&status, STATUS_UNIMPLEMENTED, "%s: this method is not served: %s", path,
                   reason);
    else
        status_set(&status, STATUS_UNIMPLEMENTED,
                   "%s: unknown method; `apig-sidecar check` lists the methods", path);
    handler->explain(&status, &arena, &trailers, handler->context);
    send_status(call, &status, trailers.details);
    arena_clear(&arena);
}

static void on_opened(struct tag *tag, bool good)
{
    struct unknown_call *call = container_of(tag, struct unknown_call, opened);
    if (!good) {
        free_call(call);
        return;
    }
    arm(call->unknown);
    rpc_tracker_add(&call->unknown->core->tracker);
    metric_count(call->unknown->metrics, METRIC_CALLS, METRIC_OTHER, STATUS_UNIMPLEMENTED);
    respond(call);
}

static void on_replied(struct tag *tag, bool good)
{
    (void)good;
    struct unknown_call *call = container_of(tag, struct unknown_call, replied);
    struct core *core = call->unknown->core;
    grpc_call_unref(call->rpc);
    free_call(call);
    rpc_tracker_done(&core->tracker);
}

struct unknown_method *unknown_method_new(struct core *core, const struct schema *schema,
                                          const struct call_handler *handler,
                                          struct metrics *metrics)
{
    struct unknown_method *unknown = memory_expect(calloc(1, sizeof *unknown));
    *unknown = (struct unknown_method){core, schema, handler, metrics};
    return unknown;
}

void unknown_method_start(struct unknown_method *unknown)
{
    arm(unknown);
}

void unknown_method_free(struct unknown_method *unknown)
{
    free(unknown);
}
