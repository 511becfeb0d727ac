/* SPDX-License-Identifier: MIT */
#include "road.h"

#include "base/clock.h"
#include "base/log.h"
#include "rest/answer.h"
#include "rest/fault.h"
#include "rest/request.h"
#include "schema/validate.h"
#include "schema/wire.h"
#include "trace.h"
#include "upstream/http1.h"

#include "base/banned.h"

/* A message in memory can take several times its bytes on the wire; beside it there is the request
 * made of it. */
#define MEMORY_PER_MESSAGE_BYTE 16
#define MEMORY_PER_ANSWER_BYTE 8
#define MEMORY_BESIDE (256 * 1024)

/* One call on its way. It lives in the call; the poller's thread walks it out, the upstream's
 * thread walks it back in. */
struct walk {
    struct road *road;
    struct call *call;
    const char *step; /* where it is: the log's field */
    struct arena arena, answer_arena;
    struct text bytes; /* of the request message */
    ProtobufCMessage *message, *answer;
    struct http_request request;
    struct trace trace;
    struct credential_snapshot *credential; /* that the request was signed with */
    struct exchange exchange;
    struct fault fault;
    struct status status; /* what the caller will hear */
    size_t answer_bytes;
    bool sent, sent_again;
};

static bool receive(struct walk *walk)
{
    return trace_read(&walk->trace, walk->call, walk->road->config, &walk->status) &&
           call_message(walk->call, &walk->arena, &walk->bytes, &walk->status);
}

static bool admit(struct walk *walk)
{
    const struct config *config = walk->road->config;
    if (call_in_flight(walk->call) <= config->max_in_flight)
        return true;
    return status_fail(&walk->status, STATUS_RESOURCE_EXHAUSTED,
                       "too many calls in flight: --max-in-flight allows %lu",
                       config->max_in_flight);
}

static bool decode(struct walk *walk)
{
    const struct schema_method *method = call_method(walk->call);
    if (!wire_unpack(method->request, walk->bytes, &walk->arena, &walk->message, &walk->status))
        return false;
    request_fill(method, walk->message, text_literal("project_id"), walk->road->config->project_id);
    request_fill(method, walk->message, text_literal("instance_id"),
                 walk->road->config->instance_id);
    return true;
}

static bool check(struct walk *walk)
{
    struct violations violations;
    return validate(call_method(walk->call)->request, walk->message, &walk->arena, &violations,
                    &walk->status);
}

static bool encode(struct walk *walk)
{
    return request_encode(call_method(walk->call), walk->message, walk->road->prefix, &walk->arena,
                          &walk->request, &walk->status) &&
           trace_write(&walk->trace, &walk->request, &walk->status);
}

static bool sign(struct walk *walk)
{
    return credential_sign(walk->road->credential, &walk->request, &walk->credential,
                           &walk->status) &&
           http1_request(&walk->request, upstream_authority(walk->road->upstream), &walk->arena,
                         &walk->exchange.request, &walk->status);
}

static void on_exchanged(struct exchange *exchange);
static void on_released(struct exchange *exchange);

/* From here on the walk is the upstream's thread's. */
static bool hand_over(struct walk *walk)
{
    walk->exchange.arena = &walk->answer_arena;
    walk->exchange.deadline_ns = call_deadline_ns(walk->call);
    walk->exchange.done = on_exchanged;
    walk->exchange.released = on_released;
    walk->sent = true;
    upstream_send(walk->road->upstream, &walk->exchange);
    return true;
}

static const struct step {
    const char *name;
    bool (*take)(struct walk *walk);
} outbound[] = {
    {"receive", receive}, {"admit", admit}, {"decode", decode},  {"validate", check},
    {"encode", encode},   {"sign", sign},   {"send", hand_over},
};

static void reply(struct walk *walk);

static void begin(struct call *call, void *context)
{
    struct walk *walk = call_state(call);
    walk->road = context;
    walk->call = call;
    arena_init(&walk->arena,
               walk->road->config->max_message_bytes * MEMORY_PER_MESSAGE_BYTE + MEMORY_BESIDE);
    arena_init(&walk->answer_arena,
               walk->road->config->max_answer_bytes * MEMORY_PER_ANSWER_BYTE + MEMORY_BESIDE);
    for (size_t i = 0; i < array_length(outbound); i++) {
        walk->step = outbound[i].name;
        if (!outbound[i].take(walk)) {
            (void)!status_wrap(&walk->status, "%.*s", text_arguments(call_method(call)->words));
            reply(walk);
            return;
        }
    }
}

/* What an exchange without an answer means for the caller. */
static const struct {
    enum status_code not_sent, perhaps_processed;
} unanswered[] = {
    [EXCHANGE_CAUSE_NONE] = {STATUS_INTERNAL, STATUS_INTERNAL},
    [EXCHANGE_CAUSE_CONNECT] = {STATUS_UNAVAILABLE, STATUS_UNKNOWN},
    [EXCHANGE_CAUSE_LOST] = {STATUS_UNAVAILABLE, STATUS_UNKNOWN},
    [EXCHANGE_CAUSE_UNREADABLE_ANSWER] = {STATUS_UNAVAILABLE, STATUS_UNKNOWN},
    [EXCHANGE_CAUSE_ANSWER_TOO_LARGE] = {STATUS_UNAVAILABLE, STATUS_UNKNOWN},
    [EXCHANGE_CAUSE_DEADLINE] = {STATUS_DEADLINE_EXCEEDED, STATUS_DEADLINE_EXCEEDED},
    [EXCHANGE_CAUSE_CANCELLED] = {STATUS_CANCELLED, STATUS_CANCELLED},
    [EXCHANGE_CAUSE_STOPPED] = {STATUS_UNAVAILABLE, STATUS_UNKNOWN},
};

static bool explain_unanswered(struct walk *walk)
{
    const struct exchange *exchange = &walk->exchange;
    bool not_sent = exchange->outcome == EXCHANGE_NOT_SENT;
    return status_fail(
        &walk->status,
        not_sent ? unanswered[exchange->cause].not_sent
                 : unanswered[exchange->cause].perhaps_processed,
        "%.*s: %s; %s", text_arguments(call_method(walk->call)->words), exchange->status.message,
        not_sent
            ? "nothing was sent"
            : "the request had been sent, so its outcome is unknown: look before you repeat it");
}

static bool explain_fault(struct walk *walk)
{
    return fault_status(&walk->fault, &walk->exchange.answer, call_method(walk->call)->words,
                        &walk->status);
}

/* The answer, or why there is none. */
static bool interpret(struct walk *walk)
{
    if (walk->exchange.outcome != EXCHANGE_ANSWERED)
        return explain_unanswered(walk);
    if (!fault_is_success(walk->exchange.answer.status))
        return explain_fault(walk);
    if (answer_decode(call_method(walk->call), &walk->exchange.answer, &walk->answer_arena, NULL,
                      NULL, &walk->answer, &walk->status))
        return true;
    return status_wrap(&walk->status, "%.*s", text_arguments(call_method(walk->call)->words));
}

/* A refused credential is read again, and the call sent once more if there is another one by now.
 */
static bool send_again(struct walk *walk)
{
    if (walk->exchange.outcome != EXCHANGE_ANSWERED ||
        fault_is_success(walk->exchange.answer.status))
        return false;
    fault_read(&walk->exchange.answer, &walk->answer_arena, &walk->fault);
    if (walk->fault.effect != FAULT_CREDENTIAL || walk->sent_again ||
        !credential_refresh(walk->road->credential, walk->credential))
        return false;
    credential_release(walk->credential);
    walk->credential = NULL;
    walk->request.field_count--;
    walk->sent_again = true;
    return sign(walk) && hand_over(walk);
}

static void wipe_request(struct walk *walk)
{
    struct text *bytes = &walk->exchange.request;
    explicit_bzero((char *)(uintptr_t)bytes->at, bytes->bytes);
    bytes->bytes = 0;
}

static void on_exchanged(struct exchange *exchange)
{
    struct walk *walk = container_of(exchange, struct walk, exchange);
    wipe_request(walk);
    if (send_again(walk))
        return;
    walk->step = "interpret";
    (void)!interpret(walk);
    reply(walk);
}

/* Spreads the share of successes that is logged evenly over them. */
static bool is_sampled(struct road *road)
{
    double share = road->config->log_sample;
    if (share >= 1)
        return true;
    uint64_t before = atomic_fetch_add_explicit(&road->successes, 1, memory_order_relaxed);
    return (uint64_t)((double)(before + 1) * share) > (uint64_t)((double)before * share);
}

static void log_call(const struct walk *walk)
{
    const struct exchange *exchange = &walk->exchange;
    const struct schema_method *method = call_method(walk->call);
    int64_t received_ns = call_received_ns(walk->call);
    bool good = walk->status.code == STATUS_OK;
    struct log_line line;
    if (!log_enabled(LOG_INFO) || (good && !is_sampled(walk->road)))
        return;
    log_begin(&line, LOG_INFO, "call");
    log_text(&line, "method", text_of(method->path));
    log_text(&line, "peer", call_peer(walk->call));
    log_text(&line, "step", text_of(walk->step));
    log_text(&line, "code", text_of(status_code_name(walk->status.code)));
    if (exchange->http_status)
        log_number(&line, "http_status", exchange->http_status);
    log_text(&line, "vendor_code", walk->fault.vendor_code);
    if (exchange->started_ns) {
        log_milliseconds(&line, "queue_ms", exchange->started_ns - exchange->queued_ns);
        log_milliseconds(&line, "upstream_ms", exchange->ended_ns - exchange->started_ns);
    }
    log_milliseconds(&line, "total_ms", clock_now_ns() - received_ns);
    log_number(&line, "request_bytes", (int64_t)walk->bytes.bytes);
    log_number(&line, "answer_bytes", (int64_t)walk->answer_bytes);
    log_text(&line, "request_id", trace_request_id(&walk->trace));
    log_text(&line, "upstream_request_id", walk->fault.request_id);
    if (!good && exchange->outcome != EXCHANGE_ANSWERED)
        log_text(&line, "reason",
                 text_of(walk->sent ? exchange->status.message : walk->status.message));
    log_end(&line);
}

/* Always the last step, whatever came before. */
static void reply(struct walk *walk)
{
    if (walk->status.code == STATUS_OK) {
        walk->step = "reply";
        walk->answer_bytes = protobuf_c_message_get_packed_size(walk->answer);
        protobuf_c_message_pack(walk->answer, call_answer_space(walk->call, walk->answer_bytes));
    }
    credential_release(walk->credential);
    walk->credential = NULL;
    log_call(walk);
    call_reply(walk->call, &walk->status);
}

static void cancelled(struct call *call, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    if (!walk->sent)
        return;
    call_hold(call);
    upstream_cancel(&walk->exchange);
}

static void on_released(struct exchange *exchange)
{
    call_release(container_of(exchange, struct walk, exchange)->call);
}

static void end(struct call *call, void *context)
{
    (void)context;
    struct walk *walk = call_state(call);
    arena_clear(&walk->arena);
    arena_clear(&walk->answer_arena);
}

struct call_handler road_handler(struct road *road)
{
    return (struct call_handler){sizeof(struct walk), begin, cancelled, end, road};
}
