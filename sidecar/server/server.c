/* SPDX-License-Identifier: MIT */
#include "server/server.h"

#include <assert.h>
#include <errno.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grpc_start.h"
#include "base/memory.h"
#include "server/core.h"
#include "server/core_log.h"
#include "server/drain.h"
#include "server/health.h"
#include "server/listener.h"
#include "server/poller.h"
#include "server/reflection.h"
#include "server/tls_context.h"
#include "server/unary.h"
#include "server/unknown_method.h"

#include "base/banned.h"

/* Asked for ahead, so that a burst does not wait for the poller between two calls. */
#define ARMED_CALLS 4

/* Far above --max-metadata: C-core ends a whole connection, with all its calls, for one that passes
 * its own limit. */
#define CORE_METADATA_BYTES 65536

/* So much more than --max-message is taken in, so that whoever is above it hears from us which
 * option it is; C-core's own refusal has neither. */
#define MESSAGE_BYTES_BESIDE (1024 * 1024)

/* By so much C-core's end of a connection comes after all ends of ours. */
#define CORE_GRACE_NS (10 * CLOCK_NS_PER_S)

struct server {
    grpc_server *core;
    grpc_completion_queue *queue;
    grpc_server_credentials *plaintext;
    struct unary *unaries;
    size_t unary_count;
    struct unknown_method *unknown;
    struct health *health;
    struct reflection *reflection;
    struct listeners *listeners;
    struct call_handler handler;
    struct server_events events;
    struct rpc_tracker tracker;
    atomic_size_t in_flight;
    struct open_calls open;
    struct event *ended;
    struct poller *poller;
    struct drain *drain;
    struct tag pinged;
    _Atomic(struct thread_ping *) ping; /* of `pinged` */
    pthread_t poller_thread;
    bool started, shut;
};

static void *poll_queue(void *context)
{
    struct server *server = context;
    while (poller_handle_event(server->queue))
        ;
    return NULL;
}

static int to_milliseconds(int64_t ns)
{
    return ns == 0                          ? INT_MAX
           : ns / CLOCK_NS_PER_MS > INT_MAX ? INT_MAX
                                            : (int)(ns / CLOCK_NS_PER_MS);
}

static int at_most_int(uint64_t number)
{
    return number > INT_MAX ? INT_MAX : (int)number;
}

static grpc_server *core_new(const struct config *config)
{
    const struct {
        const char *name;
        int value;
    } numbers[] = {
        {GRPC_ARG_ENABLE_CHANNELZ, 0},
        /* Messages are inflated by us, with a bound; identity, deflate and gzip are accepted. */
        {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
        {GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         at_most_int(config->max_message_bytes + MESSAGE_BYTES_BESIDE)},
        {GRPC_ARG_MAX_METADATA_SIZE, CORE_METADATA_BYTES},
        {GRPC_ARG_MAX_CONCURRENT_STREAMS, at_most_int(config->max_streams)},
        {GRPC_ARG_MAX_CONNECTION_IDLE_MS, to_milliseconds(config->idle_timeout_ns)},
        {GRPC_ARG_MAX_CONNECTION_AGE_MS, to_milliseconds(config->max_age_ns)},
        /* Calls end by themselves before: at --max-age-grace we answer what is left, and say what
           became of it. C-core would call it unavailable. */
        {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
         to_milliseconds(config->max_deadline_ns + config->max_age_grace_ns + CORE_GRACE_NS)},
        /* Dead peers are noticed by TCP. Pings of well-meaning clients end no connection, however
           often they come. */
        {GRPC_ARG_KEEPALIVE_TIME_MS, INT_MAX},
        {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0},
    };
    grpc_arg list[array_length(numbers)];
    for (size_t i = 0; i < array_length(numbers); i++)
        list[i] = (grpc_arg){.type = GRPC_ARG_INTEGER,
                             .key = (char *)(uintptr_t)numbers[i].name,
                             .value.integer = numbers[i].value};
    return grpc_server_create(&(grpc_channel_args){array_length(list), list}, NULL);
}

static bool register_methods(struct server *server, const struct config *config,
                             const struct schema *schema, struct status *status)
{
    server->unknown = unknown_method_new(server->core, server->queue, &server->handler,
                                         server->events.metrics, &server->tracker);
    server->health = health_new(server->core, server->queue, schema, &server->tracker);
    server->reflection = reflection_new(server->core, server->queue, schema, &server->tracker);
    const struct schema_method *methods = schema_methods(schema, &server->unary_count);
    server->unaries = memory_expect(calloc(server->unary_count, sizeof *server->unaries));
    for (size_t i = 0; i < server->unary_count; i++) {
        server->unaries[i] = (struct unary){
            .server = server->core,
            .queue = server->queue,
            .registered = grpc_server_register_method(server->core, methods[i].path, NULL,
                                                      GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0),
            .method = &methods[i],
            .number = i,
            .handler = &server->handler,
            .config = config,
            .in_flight = &server->in_flight,
            .open = &server->open,
            .tracker = &server->tracker,
            .metrics = server->events.metrics,
        };
        if (!server->unaries[i].registered)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "%s: the server answers that method by itself", methods[i].path);
    }
    return true;
}

static void on_pinged(struct tag *tag, bool good)
{
    (void)good;
    thread_ping_answer(atomic_load(&container_of(tag, struct server, pinged)->ping));
}

/* The main thread's end of the last call's farewell. */
static void on_ended(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct server *server = context;
    eventfd_t count;
    (void)eventfd_read(fd, &count);
    server->shut = true;
    server->events.drained(server->events.context);
}

/* The listeners' only way to us: a connection that C-core now owns. */
static void on_accepted(int fd, void *context)
{
    struct server *server = context;
    grpc_server_add_channel_from_fd(server->core, fd, server->plaintext);
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

static bool start(struct server *server, struct status *status)
{
    sigset_t all, before;
    grpc_server_start(server->core);
    for (size_t i = 0; i < server->unary_count; i++)
        for (int armed = 0; armed < ARMED_CALLS; armed++)
            unary_arm(&server->unaries[i]);
    unknown_method_start(server->unknown);
    health_start(server->health);
    reflection_start(server->reflection);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&server->poller_thread, NULL, poll_queue, server);
    server->started = errno == 0;
    if (!server->started)
        status_set(status, STATUS_INTERNAL, "start the poller's thread: %m");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!server->started)
        return false;
    pthread_setname_np(server->poller_thread, "poller");
    return true;
}

bool server_open(const struct config *config, const struct schema *schema, struct event_base *loop,
                 const struct call_handler *handler, const struct server_events *events,
                 struct server **server, struct status *status)
{
    struct server *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct server){.handler = *handler, .events = *events};
    *server = made;
    made->pinged.happened = on_pinged;
    TAILQ_INIT(&made->open.list);
    atomic_init(&made->tracker.count, 1);
    made->tracker.ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (made->tracker.ended_fd < 0)
        return status_fail(status, STATUS_INTERNAL, "open the server: %m");
    made->ended = memory_expect(event_new(loop, made->tracker.ended_fd, EV_READ, on_ended, made));
    event_add(made->ended, NULL);

    grpc_deadlock_detector_off();
    core_log_take_over();
    grpc_init();
    made->queue = grpc_completion_queue_create_for_next(NULL);
    made->plaintext = grpc_insecure_server_credentials_create();
    made->core = core_new(config);
    grpc_server_register_completion_queue(made->core, made->queue, NULL);
    made->poller = poller_new(made->queue);
    made->drain = drain_new(made->core, made->queue, made->poller, &made->tracker, loop);
    struct listener_events accept = {on_accepted, on_refused, on_disconnected, made,
                                     events->metrics};
    if (!listeners_open(config, loop, &accept, &made->listeners, status))
        return false;
    made->tracker.listeners = made->listeners;
    if (!register_methods(made, config, schema, status) || !start(made, status))
        return false;
    for (size_t i = 0; i < listeners_count(made->listeners); i++)
        events->listening(listeners_address(made->listeners, i), events->context);
    return true;
}

enum reload_result server_reload_tls(struct server *server, struct status *summary)
{
    return listeners_reload(server->listeners, summary);
}

bool server_check_tls(const struct config *config, bool *is_over, struct status *summary)
{
    struct tls_context context;
    const struct tls_files files = tls_files_of(config);
    if (!tls_context_load(&files, &context, summary))
        return false;
    *is_over = tls_context_has_ended(&context);
    tls_context_describe(&context, summary);
    tls_context_clear(&context);
    return true;
}

void server_ping_poller(struct server *server, struct thread_ping *ping)
{
    atomic_store(&server->ping, ping);
    poller_post(server->poller, &server->pinged);
}

bool server_has_tls(const struct server *server)
{
    return listeners_have_tls(server->listeners);
}

void server_ping_tls(struct server *server, struct thread_ping *ping)
{
    listeners_ping_tls(server->listeners, ping);
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
    drain_begin(server->drain, server->listeners);
}

void server_refuse(struct server *server)
{
    atomic_store(&server->tracker.refusing, true);
}

size_t server_in_flight(const struct server *server)
{
    return atomic_load_explicit(&server->in_flight, memory_order_relaxed);
}

size_t server_connections(const struct server *server)
{
    return listeners_connections(server->listeners);
}

void server_cancel_all(struct server *server)
{
    drain_force(server->drain);
}

static void free_core(struct server *server)
{
    if (!server->core)
        return;
    /* A server that never served still has to be shut down before it may be destroyed. */
    if (!server->started)
        drain_at_once(server->drain);
    grpc_server_destroy(server->core);
    grpc_completion_queue_shutdown(server->queue);
    if (server->started)
        pthread_join(server->poller_thread, NULL);
    else
        poll_queue(server);
    reflection_free(server->reflection);
    health_free(server->health);
    unknown_method_free(server->unknown);
    drain_free(server->drain);
    poller_free(server->poller);
    grpc_completion_queue_destroy(server->queue);
    grpc_server_credentials_release(server->plaintext);
    grpc_shutdown_blocking();
}

void server_free(struct server *server)
{
    if (!server)
        return;
    assert(server->shut || !server->started);
    free_core(server);
    listeners_free(server->listeners);
    free(server->unaries);
    if (server->ended)
        event_free(server->ended);
    if (server->tracker.ended_fd >= 0)
        close(server->tracker.ended_fd);
    free(server);
}
