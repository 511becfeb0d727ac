/* SPDX-License-Identifier: MIT */
#include "client/call.h"

#include <assert.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <stdio.h>
#include <unistd.h>

#include "base/grpc_start.h"
#include "client/call_channel.h"
#include "client/call_options.h"
#include "client/method_name.h"
#include "client/print_status.h"
#include "json/json.h"
#include "schema/schema.h"
#include "schema/wire.h"

#include "base/banned.h"

#define MEMORY (512U << 20)

#define EXIT_CODES 64 /* plus the gRPC code */

/* One call with its channel and its messages. */
struct rpc_client {
    struct call_options options;
    struct arena arena;
    struct schema *schema;
    const struct schema_method *method;
    grpc_channel *channel;
    grpc_completion_queue *queue;
    grpc_call *rpc;
    grpc_byte_buffer *request, *response;
    grpc_metadata_array initial, trailing; /* their texts belong to the rpc */
    grpc_status_code code;
    grpc_slice message;
};

static bool open_schema(struct rpc_client *call, struct status *status)
{
    const char *file = call->options.descriptor_set;
    if (!schema_open(file, &call->arena, &call->schema, status))
        return false;
    if (!schema_serve(call->schema, call->options.serve, status))
        return file ? status_wrap(status, "%s", file) : false;
    return method_name_find(call->schema, text_of(call->options.method), &call->arena,
                            &call->method, status);
}

static bool encode_request(struct rpc_client *call, struct status *status)
{
    const struct json_read_options options = {.strict = true};
    struct text json;
    ProtobufCMessage *message;
    if (!call_options_message(&call->options, &call->arena, &json, status) ||
        !json_read(call->method->request, json, &options, &call->arena, &message, status))
        return status_wrap(status, "read the request message");
    size_t size = wire_size(call->method->request, message);
    grpc_slice bytes = grpc_slice_malloc(size);
    wire_pack(call->method->request, message, size, GRPC_SLICE_START_PTR(bytes));
    call->request = grpc_raw_byte_buffer_create(&bytes, 1);
    grpc_slice_unref(bytes);
    return true;
}

static void open_rpc(struct rpc_client *call)
{
    gpr_timespec deadline = gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(call->options.deadline_ns, GPR_TIMESPAN));
    call->queue = grpc_completion_queue_create_for_pluck(NULL);
    call->rpc = grpc_channel_create_call(call->channel, NULL, GRPC_PROPAGATE_DEFAULTS, call->queue,
                                         grpc_slice_from_static_string(call->method->path), NULL,
                                         deadline, NULL);
}

/* Waits for the one batch of the one call; C-core's deadline ends it in any case. */
static void run(struct rpc_client *call)
{
    grpc_metadata metadata[CALL_OPTIONS_METADATA];
    for (size_t i = 0; i < call->options.metadata.count; i++)
        metadata[i] = (grpc_metadata){
            .key = grpc_slice_from_static_string(call->options.metadata.entries[i].name),
            .value = grpc_slice_from_static_string(call->options.metadata.entries[i].value)};
    grpc_op operations[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata = {.count = call->options.metadata.count,
                                        .metadata = metadata}},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &call->initial},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->response},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {.trailing_metadata = &call->trailing,
                                        .status = &call->code,
                                        .status_details = &call->message}},
    };
    grpc_call_error error =
        grpc_call_start_batch(call->rpc, operations, array_length(operations), call, NULL);
    assert(error == GRPC_CALL_OK && "the options hold only legal metadata");
    grpc_completion_queue_pluck(call->queue, call, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

static struct text slice_text(const grpc_slice *slice)
{
    return (struct text){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static bool print_response(struct rpc_client *call, struct status *status)
{
    const struct json_style style = {.enum_names = true, .indented = true};
    struct buffer out;
    ProtobufCMessage *message;
    grpc_byte_buffer_reader reader;
    if (!call->response || !grpc_byte_buffer_reader_init(&reader, call->response))
        return status_fail(status, STATUS_INTERNAL, "the response has no message");
    grpc_slice bytes = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    buffer_init(&out, &call->arena, 1024);
    bool good =
        wire_unpack(call->method->response, slice_text(&bytes), &call->arena, &message, status) &&
        json_write(call->method->response, message, &style, NULL, NULL, &out, status);
    grpc_slice_unref(bytes);
    if (!good)
        return status_wrap(status, "print the response");
    buffer_add_char(&out, '\n');
    fwrite(out.at, 1, out.bytes, stdout);
    return true;
}

static void print_failure(struct rpc_client *call)
{
    struct buffer out;
    buffer_init(&out, &call->arena, 1024);
    print_status((enum status_code)call->code, slice_text(&call->message), &out);
    for (size_t i = 0; i < call->trailing.count; i++) {
        const grpc_metadata *trailer = &call->trailing.metadata[i];
        print_trailer(slice_text(&trailer->key), slice_text(&trailer->value), &out);
    }
    fwrite(out.at, 1, out.bytes, stderr);
}

static int finish(struct rpc_client *call, struct status *status)
{
    if (call->code > GRPC_STATUS_UNAUTHENTICATED)
        call->code = GRPC_STATUS_UNKNOWN;
    if (call->code != GRPC_STATUS_OK) {
        print_failure(call);
        return EXIT_CODES + (int)call->code;
    }
    return print_response(call, status) ? command_finish(0) : command_fail(status, EXIT_BAD);
}

static int make_call(struct rpc_client *call)
{
    struct status status;
    if (!open_schema(call, &status) || !encode_request(call, &status) ||
        !call_channel_open(&call->options, &call->arena, &call->channel, &status))
        return command_fail(&status, EXIT_USAGE);
    open_rpc(call);
    run(call);
    return finish(call, &status);
}

static void close_rpc(struct rpc_client *call)
{
    grpc_call_unref(call->rpc);
    grpc_completion_queue_shutdown(call->queue);
    grpc_completion_queue_destroy(call->queue);
}

static void call_clear(struct rpc_client *call)
{
    grpc_slice_unref(call->message);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    if (call->response)
        grpc_byte_buffer_destroy(call->response);
    if (call->rpc)
        close_rpc(call);
    if (call->channel)
        grpc_channel_destroy(call->channel);
    if (call->request)
        grpc_byte_buffer_destroy(call->request);
    schema_free(call->schema);
}

#ifdef GPR_ASSERT /* The releases that have it have the hook. */
static void drop_line(gpr_log_func_args *logged)
{
    (void)logged;
}
#endif

/* The status says what C-core would log. */
static void silence_core(void)
{
#ifdef GPR_ASSERT
    gpr_set_log_function(drop_line);
#endif
}

static int start_and_call(struct rpc_client *call)
{
    grpc_deadlock_detector_off();
    silence_core();
    grpc_init();
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    int exit_code = make_call(call);
    call_clear(call);
    grpc_shutdown_blocking();
    return exit_code;
}

int client_call(int count, char *arguments[])
{
    struct rpc_client call = {.code = GRPC_STATUS_UNKNOWN};
    struct command_line line = {
        .count = count, .arguments = arguments, .environment = environ, .most_operands = 2};
    struct config config;
    struct status status;
    arena_init(&call.arena, MEMORY);
    int exit_code = call_options_read(&call.options, &config, &line, &status)
                        ? start_and_call(&call)
                        : command_fail(&status, EXIT_USAGE);
    arena_clear(&call.arena);
    config_clear(&config);
    return exit_code;
}
