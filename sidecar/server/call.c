/* SPDX-License-Identifier: MIT */
#include "server/call.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server/call_state.h"
#include "server/inflate.h"
#include "server/poller.h"
#include "server/unary.h"
#include "server/xfcc.h"

#include "base/banned.h"

/* The reply leaves earlier than the caller's deadline by a tenth of the time left, at most this, so
 * that the caller receives our status rather than C-core's. */
#define LARGEST_MARGIN_NS (30 * CLOCK_NS_PER_MS)
#define MARGIN_DIVISOR 10

static void on_opened(struct tag *tag, bool good);

void unary_arm(const struct unary_method *unary)
{
    const struct unary_calls *calls = unary->calls;
    const struct core *core = calls->core;
    struct call *call = memory_expect(malloc(sizeof *call + calls->handler->state_bytes));
    memset(call, 0, offsetof(struct call, peer));
    call->initial.count = call->trailing.count = 0;
    call->opened.happened = on_opened;
    reply_init(call);
    call->unary = unary;
    grpc_metadata_array_init(&call->metadata);
    grpc_call_error error = grpc_server_request_registered_call(
        core->server, unary->registered, &call->rpc, &call->deadline, &call->metadata,
        &call->payload, core->queue, core->queue, &call->opened);
    if (error != GRPC_CALL_OK)
        free(call);
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t deadline_of(const struct call *call)
{
    const struct config *config = call->unary->calls->config;
    gpr_timespec theirs = gpr_convert_clock_type(call->deadline, GPR_CLOCK_MONOTONIC);
    if (gpr_time_cmp(theirs, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0)
        return call->received_ns + config->deadline_ns;
    int64_t left_ns = theirs.tv_sec > call->received_ns / CLOCK_NS_PER_S +
                                          config->max_deadline_ns / CLOCK_NS_PER_S + 1
                          ? config->max_deadline_ns
                          : theirs.tv_sec * CLOCK_NS_PER_S + theirs.tv_nsec - call->received_ns;
    int64_t margin_ns = earliest(left_ns / MARGIN_DIVISOR, LARGEST_MARGIN_NS);
    return call->received_ns + earliest(left_ns - margin_ns, config->max_deadline_ns);
}

/* The latest moment at which the front ends the connection. */
static int64_t connection_end_ns(const struct call *call)
{
    const struct config *config = call->unary->calls->config;
    if (config->max_age_ns == 0)
        return INT64_MAX;
    return call->peer.opened_ns + config->max_age_ns / 100 * (100 + FRONT_AGE_SPREAD_PERCENT) +
           config->max_age_grace_ns;
}

static void set_deadline(struct call *call)
{
    int64_t end_ns = connection_end_ns(call);
    call->deadline_ns = deadline_of(call);
    call->ends_with_connection = end_ns < call->deadline_ns;
    if (call->ends_with_connection)
        call->deadline_ns = end_ns;
}

static void on_leaving(struct task *task)
{
    struct call *call = container_of(task, struct call, leaving);
    const struct call_handler *handler = call->unary->calls->handler;
    handler->cancelled(call, handler->context);
    call_release(call);
}

/* The front's thread. */
static void on_stream_ended(struct front_call *stream)
{
    struct call *call = container_of(stream, struct call, stream);
    call->leaving.run = on_leaving;
    poller_run(call->unary->calls->core->poller, &call->leaving);
}

/* The entry is the front's, not the caller's. */
static bool take_number(struct call *call)
{
    grpc_metadata_array *metadata = &call->metadata;
    if (metadata->count == 0)
        return false;
    const grpc_metadata *last = &metadata->metadata[--metadata->count];
    return text_equal(core_text(&last->key), text_literal(FRONT_CALL_FIELD)) &&
           text_to_u64(core_text(&last->value), &call->stream.number);
}

/* Learns who calls, and from now on whether the caller still waits. */
static void follow(struct call *call)
{
    call->stream.ended = on_stream_ended;
    call_hold(call);
    if (take_number(call) &&
        front_follow(call->unary->calls->core->front, &call->stream, &call->peer))
        return;
    call->is_late = true;
    call->peer = (struct peer){0};
    call_release(call);
}

void unary_end_undelivered(const struct unary_calls *calls)
{
    struct call *call;
    int64_t late_ns = clock_now_ns() - CORE_DELIVERY_NS;
    TAILQ_FOREACH(call, &calls->open, place)
    if (call->deadline_ns < late_ns)
        core_end_undelivered(call->rpc);
}

static void on_opened(struct tag *tag, bool good)
{
    struct call *call = container_of(tag, struct call, opened);
    struct unary_calls *calls = call->unary->calls;
    if (!good) {
        grpc_metadata_array_destroy(&call->metadata);
        free(call);
        return;
    }
    /* Its successor is armed first, because C-core holds calls back while none is. */
    unary_arm(call->unary);
    rpc_tracker_add(&calls->core->tracker);
    /* Relaxed, as only a count: a limit is compared with it. */
    atomic_fetch_add_explicit(&calls->in_flight, 1, memory_order_relaxed);
    atomic_init(&call->holders, 1); /* until it is replied to */
    atomic_init(&call->has_headers, false);
    call->received_ns = call->deadline_ns = clock_now_ns();
    TAILQ_INSERT_TAIL(&calls->open, call, place);
    follow(call);
    set_deadline(call);
    calls->handler->begin(call, calls->handler->context);
}

/* Connections are about to be closed when the server refuses calls: one that began would end with
 * UNAVAILABLE, which means "not processed", while its request is upstream. */
bool call_may_begin(const struct call *call, struct status *status)
{
    if (call->is_late)
        return status_fail(status, STATUS_CANCELLED,
                           "the caller had gone when the call came; nothing was sent");
    if (atomic_load(&call->unary->calls->is_refusing))
        return status_fail(status, STATUS_UNAVAILABLE, "the sidecar is stopping; nothing was sent");
    return true;
}

void *call_state(struct call *call)
{
    return call->state;
}

const struct schema_method *call_method(const struct call *call)
{
    return call->unary->method;
}

int64_t call_deadline_ns(const struct call *call)
{
    return call->deadline_ns;
}

bool call_ends_with_connection(const struct call *call)
{
    return call->ends_with_connection;
}

int64_t call_received_ns(const struct call *call)
{
    return call->received_ns;
}

struct text call_peer(const struct call *call)
{
    return text_of(call->peer.address);
}

struct text call_caller(const struct call *call)
{
    return text_of(call->peer.caller);
}

uint64_t call_caller_hash(const struct call *call)
{
    return call->peer.caller_hash;
}

/* Without the header the proxy is the caller; a malformed header gives no identity. */
static void read_forwarded_identity(struct call *call)
{
    struct identity names[IDENTITY_MOST];
    struct text header;
    size_t headers = 0, count = 0;
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *entry = &call->metadata.metadata[i];
        if (!text_equal(core_text(&entry->key), text_literal("x-forwarded-client-cert")))
            continue;
        header = core_text(&entry->value);
        headers++;
    }
    if (headers == 0)
        return;
    if (headers > 1 || !xfcc_read(header, names, &count))
        count = 0;
    peer_identify(&call->peer, call->unary->calls->config, names, count);
}

bool call_authorize(struct call *call, struct status *status)
{
    if (call->peer.is_trusted_proxy)
        read_forwarded_identity(call);
    return call->peer.authorized ||
           status_fail(status, STATUS_PERMISSION_DENIED,
                       "--allow-callers does not list the caller, %s", call->peer.caller);
}

size_t call_in_flight(const struct call *call)
{
    return atomic_load_explicit(&call->unary->calls->in_flight, memory_order_relaxed);
}

/* A message in one slice, as nearly all are, is not copied. */
static struct text flatten(struct call *call)
{
    grpc_byte_buffer *payload = call->payload;
    grpc_slice_buffer *slices = &payload->data.raw.slice_buffer;
    if (slices->count == 1)
        return core_text(&slices->slices[0]);
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, payload))
        return (struct text){NULL, 0};
    call->message = grpc_byte_buffer_reader_readall(&reader);
    call->has_message = true;
    grpc_byte_buffer_reader_destroy(&reader);
    return core_text(&call->message);
}

bool call_message(struct call *call, struct arena *arena, struct text *bytes, struct status *status)
{
    size_t most = call->unary->calls->config->max_message_bytes;
    if (!call->payload)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "the request message is incomplete");
    struct text raw = flatten(call);
    if (raw.size > most)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "the request message has %zu bytes; --max-message allows %zu", raw.size,
                           most);
    if (call->payload->data.raw.compression != GRPC_COMPRESS_NONE)
        return inflate_message(raw, most, arena, bytes, status);
    *bytes = raw;
    return true;
}

size_t call_metadata_count(const struct call *call)
{
    return call->metadata.count;
}

void call_metadata(const struct call *call, size_t index, struct text *name, struct text *value)
{
    const grpc_metadata *entry = &call->metadata.metadata[index];
    *name = core_text(&entry->key);
    *value = core_text(&entry->value);
}
