/* SPDX-License-Identifier: MIT */
#include "server/server.h"

#include <assert.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if __has_include(<grpc/credentials.h>)
#include <grpc/credentials.h> /* plaintext credentials, in releases after 1.51 */
#endif

#include "base/grpc_start.h"
#include "base/memory.h"
#include "server/core.h"
#include "server/core_log.h"
#include "server/drain.h"
#include "server/front.h"
#include "server/health.h"
#include "server/listener.h"
#include "server/poller.h"
#include "server/reflection.h"
#include "server/tls_context.h"
#include "server/unary.h"
#include "system/memory_trim.h"

#include "base/banned.h"

/* How often it is decided whether freed memory is given back to the kernel. */
static const struct timeval trim_interval = {.tv_sec = 5};

struct server {
    struct core core;
    struct poller *poller;
    grpc_server_credentials *plaintext;
    struct call_handler handler;
    struct server_events events;
    const struct schema *schema;
    struct unary_calls calls;
    struct unary_method *methods;
    size_t method_count;
    struct health *health;
    struct reflection *reflection;
    struct listeners *listeners;
    struct drain *drain;
    struct event *ended, *trim;
    struct memory_trim trimmed;
    bool is_started, has_ended;
};

static bool register_unary(struct server *server, struct status *status)
{
    const struct schema_method *methods = schema_methods(server->schema, &server->method_count);
    server->methods = memory_expect(calloc(server->method_count, sizeof *server->methods));
    for (size_t i = 0; i < server->method_count; i++) {
        void *registered =
            grpc_server_register_method(server->core.server, methods[i].path, NULL,
                                        GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
        if (!registered)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "%s: this method is built into the server", methods[i].path);
        server->methods[i] = (struct unary_method){registered, &methods[i],
                                                   text_of(methods[i].path), &server->calls};
    }
    return true;
}

static bool register_methods(struct server *server, const struct config *config,
                             struct status *status)
{
    server->calls.core = &server->core;
    server->calls.handler = &server->handler;
    server->calls.config = config;
    server->calls.metrics = server->events.metrics;
    call_memory_init(&server->calls);
    TAILQ_INIT(&server->calls.open);
    server->health = health_new(&server->core, server->schema);
    server->reflection = reflection_new(&server->core, server->schema);
    return register_unary(server, status);
}

/* The tracker's count is zero: all RPCs have ended, and C-core has shut down. */
static void on_ended(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct server *server = context;
    eventfd_t count;
    (void)eventfd_read(fd, &count);
    server->has_ended = true;
    server->events.drained(server->events.context);
}

/* C-core owns the connection from now on. */
static void on_opened(int core, void *context)
{
    struct server *server = context;
    grpc_server_add_channel_from_fd(server->core.server, core, server->plaintext);
}

/* C-core has no connections any more. */
static void on_drained(void *context)
{
    struct server *server = context;
    drain_finish(server->drain);
}

/* Methods above this number share it. */
#define LAST_METHOD (FRONT_UNKNOWN_METHOD - 1)

static uint16_t on_find_method(struct text path, void *context)
{
    const struct server *server = context;
    for (size_t i = 0; i < server->method_count; i++)
        if (text_equal(path, server->methods[i].path))
            return (uint16_t)(i < LAST_METHOD ? i : LAST_METHOD);
    return FRONT_UNKNOWN_METHOD;
}

static const char *on_unserved(struct text path, void *context)
{
    const struct server *server = context;
    return schema_unserved_reason(server->schema, path);
}

static struct text find_field(const struct guard_request *request, const char *name)
{
    struct text value;
    return request && guard_request_field(request, text_of(name), &value) ? value
                                                                          : text_literal("");
}

static struct call_refusal refusal_of(const struct guard_refusal *refusal, const struct peer *peer)
{
    const struct guard_failure *failure = refusal->failure;
    const struct guard_request *request = refusal->request;
    return (struct call_refusal){
        .code = failure->code,
        .message = failure->message,
        .reason = failure->reason,
        .retry_ms = failure->has_pushback ? failure->pushback_ms : 0,
        .method = refusal->method == FRONT_UNKNOWN_METHOD ? METRIC_OTHER : refusal->method,
        .path = request ? request->path : text_literal(""),
        .peer = text_of(peer->address),
        .caller = text_of(peer->caller),
        .request_id = find_field(request, "x-request-id"),
        .traceparent = find_field(request, "traceparent"),
    };
}

/* Returns the size; 0 when it does not fit. */
static size_t copy(struct text from, char *at, size_t room)
{
    size_t size = from.size <= room ? from.size : 0;
    if (size > 0)
        memcpy(at, from.data, size);
    return size;
}

static void on_refused_call(struct guard_refusal *refusal, const struct peer *peer, void *context)
{
    const struct call_handler *handler = &((struct server *)context)->handler;
    const struct call_refusal seen = refusal_of(refusal, peer);
    struct call_refusal_trailers trailers = {.details = {NULL, 0}};
    struct arena arena;
    if (!handler->refused)
        return;
    arena_init(&arena, CALL_TRAILERS_BYTES);
    handler->refused(&seen, &arena, &trailers, handler->context);
    refusal->details_size = copy(trailers.details, refusal->details, GUARD_DETAILS_BYTES);
    refusal->request_id_size =
        copy(trailers.request_id, refusal->request_id, GUARD_REQUEST_ID_BYTES);
    arena_clear(&arena);
}

static void on_refused(const char *why, void *context)
{
    struct server *server = context;
    server->events.refused(why, server->events.context);
}

static void on_disconnected(const char *peer, const char *why, void *context)
{
    struct server *server = context;
    server->events.disconnected(peer, why, server->events.context);
}

/* The poller's thread. */
static void on_round(void *context)
{
    const struct server *server = context;
    unary_end_undelivered(&server->calls);
    health_end_undelivered(server->health);
    reflection_end_undelivered(server->reflection);
}

static bool start(struct server *server, struct status *status)
{
    poller_on_round(server->poller, on_round, server);
    grpc_server_start(server->core.server);
    for (size_t i = 0; i < server->method_count; i++)
        unary_arm(&server->methods[i]);
    health_start(server->health);
    reflection_start(server->reflection);
    server->is_started = poller_start(server->poller, server->events.watchdog, status);
    return server->is_started;
}

static void on_trim(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct server *server = context;
    struct memory_budget *budget = &server->core.budget;
    if (memory_trim_is_due(&server->trimmed, memory_budget_used(budget),
                           memory_budget_take_peak(budget))) {
        memory_trim_now();
        watchdog_trim_memory(server->events.watchdog);
    }
}

static void open_trim(struct server *server, struct event_base *loop)
{
    server->trim = memory_expect(event_new(loop, -1, EV_PERSIST, on_trim, server));
    event_add(server->trim, &trim_interval);
}

static bool open_tracker(struct server *server, struct event_base *loop, struct status *status)
{
    struct rpc_tracker *tracker = &server->core.tracker;
    atomic_init(&tracker->count, 1);
    tracker->ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (tracker->ended_fd < 0)
        return status_fail(status, STATUS_INTERNAL, "open the server: %m");
    server->ended = memory_expect(event_new(loop, tracker->ended_fd, EV_READ, on_ended, server));
    event_add(server->ended, NULL);
    return true;
}

static void open_core(struct server *server, const struct config *config, struct event_base *loop)
{
    grpc_deadlock_detector_off();
    core_log_take_over();
    grpc_init();
    server->poller = poller_new();
    server->plaintext = grpc_insecure_server_credentials_create();
    server->core.poller = server->poller;
    server->core.queue = poller_queue(server->poller);
    core_budget_init(&server->core.budget, config);
    server->core.server = core_server_new(config, &server->core.budget);
    grpc_server_register_completion_queue(server->core.server, server->core.queue, NULL);
    server->drain = drain_new(&server->core, server->poller, loop);
}

static bool open_front(struct server *server, const struct config *config, struct status *status)
{
    const struct front_events events = {
        .opened = on_opened,
        .refused = on_refused,
        .disconnected = on_disconnected,
        .find_method = on_find_method,
        .unserved_reason = on_unserved,
        .refused_call = on_refused_call,
        .drained = on_drained,
        .context = server,
        .metrics = server->events.metrics,
        .budget = &server->core.budget,
        .watchdog = server->events.watchdog,
        .certificate_changes = server->events.certificate_changes,
    };
    return front_open(config, &events, &server->core.front, status);
}

static bool open_listeners(struct server *server, const struct config *config,
                           struct event_base *loop, struct status *status)
{
    const struct listener_events events = {on_refused, server, server->events.metrics};
    return open_front(server, config, status) &&
           listeners_open(config, server->core.front, loop, &events, &server->listeners, status);
}

static bool open_parts(struct server *server, const struct config *config, struct event_base *loop,
                       struct status *status)
{
    if (!open_tracker(server, loop, status))
        return false;
    open_core(server, config, loop);
    open_trim(server, loop);
    return open_listeners(server, config, loop, status) &&
           register_methods(server, config, status) && start(server, status);
}

bool server_open(const struct config *config, const struct schema *schema, struct event_base *loop,
                 const struct call_handler *handler, const struct server_events *events,
                 struct server **server, struct status *status)
{
    struct server *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct server){.handler = *handler, .events = *events, .schema = schema};
    if (!open_parts(made, config, loop, status)) {
        server_free(made);
        return false;
    }
    *server = made;
    for (size_t i = 0; i < listeners_count(made->listeners); i++)
        events->listening(listeners_address(made->listeners, i), events->context);
    return true;
}

bool server_check_tls(const struct config *config, bool *has_expired, struct buffer *summary,
                      struct status *status)
{
    struct tls_context context;
    const struct tls_files files = tls_files_of(config);
    if (!tls_context_load(&files, &context, status))
        return false;
    *has_expired = tls_context_has_expired(&context);
    tls_context_describe(&context, summary);
    tls_context_clear(&context);
    return true;
}

void server_set_serving(struct server *server, bool serving)
{
    health_set(server->health, serving);
}

void server_drain(struct server *server)
{
    listeners_stop(server->listeners);
    health_end(server->health);
    reflection_end(server->reflection);
    drain_begin(server->drain);
}

void server_refuse(struct server *server)
{
    atomic_store(&server->calls.is_refusing, true);
}

size_t server_in_flight(const struct server *server)
{
    /* Relaxed, as only a count. */
    return atomic_load_explicit(&server->calls.in_flight, memory_order_relaxed);
}

size_t server_connections(const struct server *server)
{
    return front_connections(server->core.front);
}

const struct memory_budget *server_memory(const struct server *server)
{
    return &server->core.budget;
}

void server_cancel_all(struct server *server)
{
    drain_force(server->drain);
}

static void free_core(struct server *server)
{
    if (!server->core.server)
        return;
    /* C-core wants a server shut down before it is destroyed, also one that never served. */
    if (!server->is_started)
        drain_at_once(server->drain);
    grpc_server_destroy(server->core.server);
    poller_stop(server->poller);
    reflection_free(server->reflection);
    health_free(server->health);
    drain_free(server->drain);
    poller_free(server->poller);
    grpc_server_credentials_release(server->plaintext);
    grpc_shutdown_blocking();
}

void server_free(struct server *server)
{
    if (!server)
        return;
    assert(server->has_ended || !server->is_started);
    listeners_free(server->listeners);
    front_free(server->core.front);
    free_core(server);
    free(server->methods);
    struct event *const events[] = {server->ended, server->trim};
    for (size_t i = 0; i < array_length(events); i++)
        if (events[i])
            event_free(events[i]);
    if (server->core.tracker.ended_fd >= 0)
        close(server->core.tracker.ended_fd);
    free(server);
}
