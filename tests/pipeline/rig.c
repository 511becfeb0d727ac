/* SPDX-License-Identifier: MIT */
#include "constraint/attach.h"
#include "rig.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/response_reader.h"

#define MEMORY (256U << 20)
#define RESPONSE_BYTES (4U << 20)

/* In-memory replacements of server/call.h and upstream/upstream.h. */
struct call {
    struct rig *rig;
    const struct schema_method *method;
    struct text message;
    const char *const *metadata;
    int64_t received_ns, deadline_ns;
    alignas(max_align_t) char state[65536];
};

struct rig {
    struct config config;
    struct schema *schema;
    struct event_base *loop;
    struct credential *credential;
    struct pipeline pipeline;
    struct call_handler handler;
    char folder[32], token_file[64];
    struct arena arena; /* of the result */
    const struct rig_upstream *upstream;
    struct rig_result result;
    struct exchange *waiting; /* handed over, not answered yet */
    int64_t now_ns, deadline_ns;
    int log_file, noise_file; /* what stderr is during a call, and else */
    struct call call;
};

#define CALENDAR_NS (INT64_C(1785834322) * CLOCK_NS_PER_S) /* 2026-08-04T09:05:22Z, about */

const char *const exchange_cause_names[EXCHANGE_CAUSE_COUNT] = {
#define CAUSE(id, name) [EXCHANGE_CAUSE_##id] = (name),
    EXCHANGE_CAUSES(CAUSE)
#undef CAUSE
};

/* The only rig, for functions of the upstream that get no other object than an exchange. */
static struct rig *the_rig;

int64_t clock_now_ns(void)
{
    return the_rig->now_ns;
}

int64_t clock_calendar_ns(void)
{
    return CALENDAR_NS + the_rig->now_ns;
}

void clock_stamp(char stamp[CLOCK_STAMP_BYTES])
{
    memcpy(stamp, "2026-08-04T09:05:22.000Z", CLOCK_STAMP_BYTES);
}

static struct text keep(struct rig *rig, struct text text)
{
    char *kept = arena_copy(&rig->arena, text.data ? text.data : "", text.size);
    assert(kept);
    return (struct text){kept, text.size};
}

void *call_state(struct call *call)
{
    return call->state;
}

const struct schema_method *call_method(const struct call *call)
{
    return call->method;
}

bool call_message(struct call *call, struct arena *arena, struct text *bytes, struct status *status)
{
    (void)arena, (void)status;
    *bytes = call->message;
    return true;
}

int64_t call_deadline_ns(const struct call *call)
{
    return call->deadline_ns;
}

int64_t call_received_ns(const struct call *call)
{
    return call->received_ns;
}

struct text call_peer(const struct call *call)
{
    (void)call;
    return text_literal("127.0.0.1:1");
}

struct text call_caller(const struct call *call)
{
    (void)call;
    return text_literal("anonymous");
}

bool call_authorize(struct call *call, struct status *status)
{
    (void)call, (void)status;
    return true;
}

size_t call_metadata_count(const struct call *call)
{
    size_t count = 0;
    while (call->metadata && call->metadata[2 * count])
        count++;
    return count;
}

bool call_metadata(const struct call *call, size_t index, struct text *name, struct text *value)
{
    *name = text_of(call->metadata[2 * index]);
    *value = text_of(call->metadata[2 * index + 1]);
    return true;
}

size_t call_in_flight(const struct call *call)
{
    (void)call;
    return 1;
}

void call_send_metadata(struct call *call, const char *name, struct text value)
{
    (void)call, (void)name, (void)value;
}

void call_send_trailer(struct call *call, const char *name, struct text value)
{
    struct rig_result *result = &call->rig->result;
    assert(result->trailer_count < CALL_METADATA);
    result->trailers[result->trailer_count].name = name;
    result->trailers[result->trailer_count++].value = keep(call->rig, value);
}

uint8_t *call_response_space(struct call *call, size_t bytes)
{
    char *space = arena_zalloc(&call->rig->arena, bytes + 1);
    assert(space);
    call->rig->result.response = (struct text){space, bytes};
    return (uint8_t *)space;
}

bool call_has_room(const struct call *call)
{
    (void)call;
    return true;
}

void call_commit(struct call *call)
{
    assert(!call->rig->result.committed);
    call->rig->result.committed = true;
    call->rig->handler.committed(call, true, call->rig->handler.context);
}

bool call_ends_with_connection(const struct call *call)
{
    (void)call;
    return false;
}

void call_reply(struct call *call, const struct status *status)
{
    struct rig_result *result = &call->rig->result;
    result->replies++;
    result->took_ns = call->rig->now_ns - call->received_ns;
    result->code = status->code;
    result->message = keep(call->rig, text_of(status->message));
}

void call_hold(struct call *call)
{
    (void)call;
}

void call_release(struct call *call)
{
    (void)call;
}

void exchange_init(struct exchange *exchange)
{
    memset(exchange, 0, sizeof *exchange);
}

void upstream_send(struct upstream *upstream, struct exchange *exchange)
{
    (void)upstream;
    struct rig_result *result = &the_rig->result;
    assert(!the_rig->waiting && result->request_count < array_length(result->requests));
    exchange->http_status = 0;
    exchange->response = (struct http_response){0};
    exchange->cause = EXCHANGE_CAUSE_NONE;
    status_clear(&exchange->status);
    the_rig->waiting = exchange;
}

bool upstream_reserve(struct upstream *upstream, struct exchange *exchange)
{
    (void)upstream, (void)exchange;
    return false;
}

void upstream_committed(struct exchange *exchange, bool good)
{
    assert(good);
    exchange->commit = NULL;
    exchange->released(exchange);
}

void upstream_cancel(struct exchange *exchange)
{
    (void)exchange;
}

void upstream_close_connection(struct exchange *exchange)
{
    (void)exchange;
    the_rig->result.closed_connections++;
}

struct text upstream_authority(const struct upstream *upstream)
{
    (void)upstream;
    return text_literal("upstream.example");
}

/* Reads a response as connection.c does: one that breaks off is a lost connection, and a malformed
 * one is unreadable. */
static bool read_response(struct http1_reader *reader, struct text response,
                          struct exchange *exchange)
{
    size_t consumed;
    enum http1_progress progress = HTTP1_MORE;
    if (response.size > 0)
        progress = http1_reader_feed(reader, response, &consumed, &exchange->status);
    if (progress == HTTP1_BROKEN) {
        exchange->cause = http1_reader_fault(reader) == HTTP1_FAULT_BODY_TOO_LARGE
                              ? EXCHANGE_CAUSE_RESPONSE_TOO_LARGE
                              : EXCHANGE_CAUSE_UNREADABLE_RESPONSE;
        return false;
    }
    if (progress == HTTP1_MORE && the_rig->upstream->ends_stream)
        progress = http1_reader_end(reader, &exchange->status);
    exchange->cause = progress == HTTP1_COMPLETE ? EXCHANGE_CAUSE_NONE : EXCHANGE_CAUSE_LOST;
    return progress == HTTP1_COMPLETE;
}

static const struct rig_response *next_response(void)
{
    const struct rig_upstream *upstream = the_rig->upstream;
    size_t number = the_rig->result.request_count - 1;
    return &upstream->responses[number < upstream->response_count ? number
                                                                  : upstream->response_count - 1];
}

static void end_exchange(struct exchange *exchange, enum exchange_outcome outcome,
                         enum exchange_cause cause)
{
    exchange->ended_ns = the_rig->now_ns;
    exchange->outcome = outcome;
    exchange->cause = cause;
    exchange->sent_bytes = outcome == EXCHANGE_NOT_SENT ? 0 : exchange->request.size;
    if (outcome != EXCHANGE_ANSWERED && exchange->status.code == STATUS_OK)
        status_set(&exchange->status, STATUS_UNKNOWN, "the exchange ended");
    exchange->done(exchange);
}

/* Lets time pass; false when the deadline came first. */
static bool pass(struct exchange *exchange, int64_t ns)
{
    bool in_time = ns <= exchange->deadline_ns - the_rig->now_ns;
    the_rig->now_ns = in_time ? the_rig->now_ns + ns : exchange->deadline_ns;
    return in_time;
}

/* Does the work of upstream.c and connection.c, with all bytes at once. */
static void respond_exchange(struct exchange *exchange)
{
    static const struct http1_limits limits = {
        .head_bytes = 65536, .field_count = 100, .body_bytes = RESPONSE_BYTES, .interim = 8};
    struct rig_result *result = &the_rig->result;
    exchange->queued_ns = the_rig->now_ns;
    exchange->started_ns = 0;
    if (!pass(exchange, exchange->delay_ns)) {
        end_exchange(exchange, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_DEADLINE);
        return;
    }
    if (exchange->commit)
        exchange->commit(exchange);
    if (!exchange->prepare(exchange)) {
        end_exchange(exchange, EXCHANGE_NOT_SENT, EXCHANGE_CAUSE_UNPREPARED);
        return;
    }
    result->requests[result->request_count++] = keep(the_rig, exchange->request);
    const struct rig_response *response = next_response();
    struct http1_reader *reader = http1_reader_new(exchange->arena, &limits, false);
    assert(reader); /* no exchange begins with an arena that is full of the one before */
    exchange->started_ns = response->not_sent ? 0 : the_rig->now_ns;
    enum exchange_outcome unanswered =
        response->not_sent ? EXCHANGE_NOT_SENT : EXCHANGE_PERHAPS_PROCESSED;
    if (!pass(exchange, response->takes_ns)) {
        end_exchange(exchange, unanswered, EXCHANGE_CAUSE_DEADLINE);
        return;
    }
    if (response->ends) {
        end_exchange(exchange, unanswered, response->ends);
        return;
    }
    bool complete = read_response(reader, response->bytes, exchange);
    exchange->http_status = http1_reader_status(reader);
    if (complete)
        exchange->response = http1_reader_response(reader);
    end_exchange(exchange, complete ? EXCHANGE_ANSWERED : EXCHANGE_PERHAPS_PROCESSED,
                 exchange->cause);
}

struct rig *rig_new(const char *token)
{
    static char *const no_variables[] = {NULL};
    struct status status;
    struct rig *rig = calloc(1, sizeof *rig);
    assert(rig && !the_rig);
    the_rig = rig;
    rig->now_ns = CLOCK_NS_PER_S;
    rig->deadline_ns = 30 * CLOCK_NS_PER_S;
    rig->noise_file = dup(STDERR_FILENO);
    rig->log_file = memfd_create("log", MFD_CLOEXEC);
    assert(rig->noise_file >= 0 && rig->log_file >= 0);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/road-XXXXXX");
    assert(mkdtemp(rig->folder));
    snprintf(rig->token_file, sizeof rig->token_file, "%s/token", rig->folder);
    FILE *file = fopen(rig->token_file, "w");
    assert(file && fputs(token, file) >= 0 && fclose(file) == 0);
    arena_init(&rig->arena, MEMORY);
    bool good = config_read(&rig->config, 0, NULL, no_variables, &status) &&
                constraint_open(NULL, &rig->arena, &rig->schema, &status);
    rig->loop = event_base_new();
    const struct reload_listener listener = {.loop = rig->loop};
    good = good && credential_open(rig->token_file, &listener, &rig->credential, &status);
    if (!good) {
        fprintf(stderr, "%s\n", status.message);
        abort();
    }
    rig->pipeline = (struct pipeline){
        .config = &rig->config, .credential = rig->credential, .prefix = text_literal("")};
    rig->handler = pipeline_handler(&rig->pipeline);
    assert(rig->handler.state_bytes <= sizeof rig->call.state);
    log_set_level(LOG_DEBUG);
    return rig;
}

void rig_free(struct rig *rig)
{
    credential_free(rig->credential);
    event_base_free(rig->loop);
    schema_free(rig->schema);
    config_clear(&rig->config);
    arena_clear(&rig->arena);
    unlink(rig->token_file);
    rmdir(rig->folder);
    close(rig->log_file);
    close(rig->noise_file);
    free(rig);
    the_rig = NULL;
}

void rig_deadline_ns(struct rig *rig, int64_t deadline_ns)
{
    rig->deadline_ns = deadline_ns;
}

void rig_recover_lost_creates(struct rig *rig, bool recover)
{
    rig->config.recover_lost_creates = recover;
}

const struct schema_method *rig_method(struct rig *rig, struct text name)
{
    return schema_method_find(rig->schema, name);
}

static void walk_call(struct rig *rig)
{
    rig->handler.begin(&rig->call, rig->handler.context);
    while (rig->waiting) {
        struct exchange *exchange = rig->waiting;
        rig->waiting = NULL;
        respond_exchange(exchange);
    }
    rig->handler.end(&rig->call, rig->handler.context);
}

static void keep_log(struct rig *rig)
{
    off_t bytes = lseek(rig->log_file, 0, SEEK_CUR);
    char *log = arena_alloc(&rig->arena, (size_t)bytes + 1);
    assert(log && pread(rig->log_file, log, (size_t)bytes, 0) == bytes);
    rig->result.log = (struct text){log, (size_t)bytes};
    assert(lseek(rig->log_file, 0, SEEK_SET) == 0 && ftruncate(rig->log_file, 0) == 0);
}

const struct rig_result *rig_call(struct rig *rig, const struct schema_method *method,
                                  struct text message, const char *const *metadata,
                                  const struct rig_upstream *upstream)
{
    arena_clear(&rig->arena);
    retry_budget_init(&rig->pipeline.budget);
    rig->result = (struct rig_result){0};
    rig->upstream = upstream;
    rig->waiting = NULL;
    rig->call.rig = rig;
    rig->call.method = method;
    rig->call.message = message;
    rig->call.metadata = metadata;
    rig->call.received_ns = rig->now_ns;
    rig->call.deadline_ns = rig->now_ns + rig->deadline_ns;
    assert(dup2(rig->log_file, STDERR_FILENO) >= 0);
    walk_call(rig);
    assert(dup2(rig->noise_file, STDERR_FILENO) >= 0);
    keep_log(rig);
    return &rig->result;
}

struct text rig_trailer(const struct rig_result *result, const char *name)
{
    for (size_t i = 0; i < result->trailer_count; i++)
        if (strcmp(result->trailers[i].name, name) == 0)
            return result->trailers[i].value;
    return (struct text){NULL, 0};
}
