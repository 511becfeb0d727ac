/* SPDX-License-Identifier: MIT */
#include "sidecar.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/monitor.h"
#include "base/clock.h"
#include "constraint/attach.h"
#include "credential/credential.h"
#include "pipeline/call_metrics.h"
#include "pipeline/pipeline.h"
#include "probes.h"
#include "reloader.h"
#include "schema/schema.h"
#include "server/server.h"
#include "system/mount.h"
#include "system/process.h"
#include "system/usage.h"
#include "telemetry/log.h"
#include "telemetry/metric.h"
#include "upstream/upstream.h"

#include "base/banned.h"

/* Of what lives as long as the sidecar: a mounted descriptor set, most of all. */
#define ARENA_BYTES (64U << 20)

struct sidecar {
    const struct config *config;
    struct event_base *loop;
    struct arena arena; /* what lives as long as the sidecar */
    struct schema *schema;
    struct metrics *metrics;
    struct credential *credential;
    struct upstream *upstream;
    struct pipeline pipeline;
    struct server *server;
    struct probes probes;
    struct reloader *reloader;
    struct monitor *monitor;
    struct admin *admin;
    struct event *term, *interrupt, *drain_step;
    bool serving, draining, ended_all;
};

static void after(struct sidecar *sidecar, int64_t ns)
{
    struct timeval pause = clock_timeval(ns);
    event_add(sidecar->drain_step, &pause);
}

static void stop_accepting(struct sidecar *sidecar)
{
    sidecar->serving = false;
    server_drain(sidecar->server);
    after(sidecar, sidecar->config->drain_timeout_ns);
}

/* Readiness first, so that nobody new comes; then the listeners, after --drain-delay. */
static void drain(struct sidecar *sidecar)
{
    sidecar->draining = true;
    metric_set(sidecar->metrics, METRIC_DRAINING, 0, 0, 1);
    probes_set_draining(&sidecar->probes);
    if (sidecar->config->drain_delay_ns > 0)
        after(sidecar, sidecar->config->drain_delay_ns);
    else
        stop_accepting(sidecar);
    log_event(LOG_INFO, "draining", "calls under way may finish");
}

/* First after --drain-delay, then after --drain-timeout. */
static void on_drain_step(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct sidecar *sidecar = context;
    if (sidecar->serving) {
        stop_accepting(sidecar);
        return;
    }
    log_event(LOG_WARNING, "drain timeout",
              "calls still under way are ended after --drain-timeout");
    server_refuse(sidecar->server);
    /* Calls whose request is upstream are told so; C-core would call them unavailable. */
    upstream_end_all(sidecar->upstream);
    server_cancel_all(sidecar->server);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)what;
    struct sidecar *sidecar = context;
    if (sidecar->draining) {
        log_event(LOG_WARNING, "stopped", "a second signal (%s) ends the process at once",
                  strsignal(number));
        log_close();
        _exit(1);
    }
    drain(sidecar);
}

static void on_drain_action(void *context)
{
    struct sidecar *sidecar = context;
    if (!sidecar->draining)
        drain(sidecar);
}

static void say_listening(const char *event, const char *address)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, event);
    log_text(&line, "address", text_of(address));
    log_end(&line);
}

static void on_listening(const char *address, void *context)
{
    (void)context;
    say_listening("listening", address);
}

static void on_refused(const char *why, void *context)
{
    (void)context;
    log_event_repeat(LOG_WARNING, LOG_REPEAT_CONNECTION_REFUSED, "%s", why);
}

static void on_disconnected(const char *peer, const char *why, void *context)
{
    (void)context;
    struct log_line line;
    if (!log_begin_repeat(&line, LOG_WARNING, LOG_REPEAT_CONNECTION_CLOSED))
        return;
    log_text(&line, "peer", text_of(peer));
    log_text(&line, "message", text_of(why));
    log_end(&line);
}

static void on_drained(void *context)
{
    struct sidecar *sidecar = context;
    event_base_loopbreak(sidecar->loop);
}

static void on_credential(enum credential_result result, const char *why, void *context)
{
    struct sidecar *sidecar = context;
    metric_count(sidecar->metrics, METRIC_FILE_LOADS, METRIC_FILE_TOKEN,
                 result == CREDENTIAL_LOADED ? METRIC_OK : METRIC_FAILED);
    if (result == CREDENTIAL_LOADED)
        log_event(LOG_INFO, "credential loaded", "%s", why);
    else
        log_event(LOG_WARNING, "credential rejected", "%s", why);
    probes_changed(&sidecar->probes);
}

static bool open_schema(struct sidecar *sidecar, struct status *status)
{
    return constraint_open(sidecar->config->descriptor_set, &sidecar->arena, &sidecar->schema,
                           status);
}

/* "huaweicloud.apig.v2.ApiGroupService/CreateApiGroup" of each method, in the schema's order. */
static struct metric_values method_names(struct sidecar *sidecar)
{
    size_t count;
    const struct schema_method *methods = schema_methods(sidecar->schema, &count);
    const char **names = arena_alloc(&sidecar->arena, count * sizeof *names);
    for (size_t i = 0; names && i < count; i++)
        names[i] = methods[i].path + 1;
    return (struct metric_values){names, names ? count : 0};
}

static bool open_metrics(struct sidecar *sidecar, struct status *status)
{
    (void)status;
    static const char *const version[] = {SIDECAR_VERSION};
    struct metric_values given[METRIC_LABEL_COUNT] = {
        [METRIC_LABEL_METHOD] = method_names(sidecar),
        [METRIC_LABEL_VERSION] = {version, array_length(version)},
    };
    call_metrics_values(given);
    sidecar->metrics = metrics_new(given);
    metric_set(sidecar->metrics, METRIC_BUILD_INFO, 0, 0, 1);
    metric_set(sidecar->metrics, METRIC_PROCESS_START, 0, 0, clock_calendar_ns());
    return true;
}

static bool open_loop(struct sidecar *sidecar, struct status *status)
{
    sidecar->loop = event_base_new();
    if (!sidecar->loop)
        return status_fail(status, STATUS_INTERNAL, "open the main loop: %m");
    sidecar->drain_step = evtimer_new(sidecar->loop, on_drain_step, sidecar);
    sidecar->term = evsignal_new(sidecar->loop, SIGTERM, on_signal, sidecar);
    sidecar->interrupt = evsignal_new(sidecar->loop, SIGINT, on_signal, sidecar);
    if (!sidecar->drain_step || !sidecar->term || !sidecar->interrupt ||
        event_add(sidecar->term, NULL) != 0 || event_add(sidecar->interrupt, NULL) != 0)
        return status_fail(status, STATUS_INTERNAL, "watch for signals: %m");
    return true;
}

static bool open_credential(struct sidecar *sidecar, struct status *status)
{
    return credential_open(sidecar->config->token_file, sidecar->loop, on_credential, sidecar,
                           &sidecar->credential, status);
}

/* The URL is an origin and a prefix: "https://host:port" and "/prefix". */
static bool open_upstream(struct sidecar *sidecar, struct status *status)
{
    const struct config *config = sidecar->config;
    const char *host = strstr(config->upstream, "://") + 3;
    const char *slash = strchrnul(host, '/');
    const char *origin =
        arena_copy(&sidecar->arena, config->upstream, (size_t)(slash - config->upstream));
    struct upstream_settings settings = {
        .url = origin,
        .ca_file = config->upstream_ca_file,
        .proxy = config->upstream_proxy,
        .loops = config->upstream_loops,
        .connections = config->upstream_connections,
        .response_bytes = config->max_response_bytes,
        .connection_idle_ns = config->upstream_idle_timeout_ns,
        .connection_age_ns = UPSTREAM_AGE_NS,
        .metrics = sidecar->metrics,
    };
    if (!origin || !upstream_open(&settings, &sidecar->upstream, status))
        return false;
    size_t method_count;
    sidecar->pipeline = (struct pipeline){
        .config = config,
        .credential = sidecar->credential,
        .upstream = sidecar->upstream,
        .metrics = sidecar->metrics,
        .methods = schema_methods(sidecar->schema, &method_count),
        .prefix = text_of(slash),
    };
    return true;
}

static bool open_server(struct sidecar *sidecar, struct status *status)
{
    struct call_handler handler = pipeline_handler(&sidecar->pipeline);
    struct server_events events = {on_listening, on_refused, on_disconnected,
                                   on_drained,   sidecar,    sidecar->metrics};
    if (!server_open(sidecar->config, sidecar->schema, sidecar->loop, &handler, &events,
                     &sidecar->server, status))
        return false;
    sidecar->serving = true;
    return true;
}

static bool open_reloader(struct sidecar *sidecar, struct status *status)
{
    return reloader_open(sidecar->config, sidecar->loop, sidecar->metrics, sidecar->server,
                         sidecar->upstream, &sidecar->reloader, status);
}

static bool become_ready(struct sidecar *sidecar, struct status *status)
{
    (void)status;
    struct probes_parts parts = {sidecar->credential, sidecar->upstream, sidecar->server,
                                 sidecar->config->upstream_loops,
                                 mount_pins_file(sidecar->config->token_file)};
    probes_set_listening(&sidecar->probes, &parts, sidecar->loop);
    return true;
}

/* What is not counted as it happens, but measured when somebody looks. */
static void measure(struct sidecar *sidecar)
{
    struct usage usage;
    usage_read(&usage);
    const struct {
        enum metric metric;
        int64_t value;
    } gauges[] = {
        {METRIC_CALLS_IN_FLIGHT, (int64_t)server_in_flight(sidecar->server)},
        {METRIC_CONNECTIONS, (int64_t)server_connections(sidecar->server)},
        {METRIC_CREDENTIAL_READY, credential_ready(sidecar->credential)},
        {METRIC_CREDENTIAL_TIME, credential_since_ns(sidecar->credential)},
        {METRIC_LOG_LINES_SUPPRESSED, (int64_t)log_unwritten()},
        {METRIC_PROCESS_CPU, usage.cpu_ns},
        {METRIC_PROCESS_MEMORY, usage.resident_bytes},
        {METRIC_PROCESS_OPEN_FDS, usage.open_fds},
        {METRIC_PROCESS_MAX_FDS, usage.max_fds},
    };
    for (size_t i = 0; i < array_length(gauges); i++)
        metric_set(sidecar->metrics, gauges[i].metric, 0, 0, gauges[i].value);
}

static void write_metrics(enum metric_format format, struct buffer *out, void *context)
{
    struct sidecar *sidecar = container_of(context, struct sidecar, probes);
    measure(sidecar);
    metrics_write(sidecar->metrics, format, out);
}

static void write_config(struct buffer *out, void *context)
{
    struct sidecar *sidecar = context;
    config_write_resolved(sidecar->config, out);
}

static bool open_ports(struct sidecar *sidecar, struct status *status)
{
    struct monitor_sources sources = {.write_metrics = write_metrics, .context = &sidecar->probes};
    sources.checks = probes_checks(&sources.check_count);
    struct admin_actions actions = {on_drain_action, write_config, sidecar};
    if (!monitor_open(&sidecar->config->monitor, sidecar->loop, &sources, &sidecar->monitor,
                      status) ||
        !admin_open(&sidecar->config->admin, sidecar->loop, &actions, &sidecar->admin, status))
        return false;
    say_listening("monitor listening", monitor_address(sidecar->monitor));
    say_listening("admin listening", admin_address(sidecar->admin));
    return true;
}

static const struct {
    const char *doing;
    bool (*open)(struct sidecar *sidecar, struct status *status);
} parts[] = {
    {"read --descriptor-set and the embedded schema", open_schema},
    {"prepare the metrics", open_metrics},
    {"start", open_loop},
    {"read the credential", open_credential},
    {"prepare the upstream", open_upstream},
    {"open the monitor and admin ports", open_ports},
    {"serve", open_server},
    {"watch files", open_reloader},
    {"become ready", become_ready},
};

static bool open_parts(struct sidecar *sidecar, struct status *status)
{
    for (size_t i = 0; i < array_length(parts); i++)
        if (!parts[i].open(sidecar, status))
            return status_wrap(status, "%s", parts[i].doing);
    return true;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

/* In reverse; takes what is half built. */
static void close_parts(struct sidecar *sidecar)
{
    reloader_free(sidecar->reloader);
    probes_stop(&sidecar->probes);
    server_free(sidecar->server);
    admin_free(sidecar->admin);
    monitor_free(sidecar->monitor);
    upstream_free(sidecar->upstream);
    credential_free(sidecar->credential);
    probes_clear(&sidecar->probes);
    free_event(sidecar->interrupt);
    free_event(sidecar->term);
    free_event(sidecar->drain_step);
    if (sidecar->loop)
        event_base_free(sidecar->loop);
    metrics_free(sidecar->metrics);
    schema_free(sidecar->schema);
    arena_clear(&sidecar->arena);
}

/* Threads, files, ports, pipes: what the process holds beside connections. */
#define DESCRIPTORS_BESIDE 64

/* Each connection of a caller has a descriptor, and so has each one to the upstream. Too few of
 * them are no reason not to start: the limits may be far from being reached. */
static void have_descriptors(const struct config *config)
{
    uint64_t allowed = process_raise_descriptors();
    uint64_t upstream = config->upstream_loops * config->upstream_connections;
    uint64_t wanted = config->max_connections + upstream + DESCRIPTORS_BESIDE;
    if (wanted > allowed)
        log_event(LOG_WARNING, "too few descriptors",
                  "the system allows %lu; --max-connections %lu and --upstream-connections %lu for "
                  "each of %lu --upstream-loops can take %lu: lower them or raise the hard limit "
                  "(ulimit -Hn)",
                  allowed, config->max_connections, config->upstream_connections,
                  config->upstream_loops, wanted);
}

bool sidecar_run(const struct config *config, struct status *status)
{
    struct sidecar sidecar = {.config = config};
    signal(SIGPIPE, SIG_IGN);
    arena_init(&sidecar.arena, ARENA_BYTES);
    probes_init(&sidecar.probes);
    log_open(config->log_level, config->log_format);
    have_descriptors(config);
    bool started = open_parts(&sidecar, status);
    if (started)
        event_base_dispatch(sidecar.loop);
    close_parts(&sidecar);
    if (started)
        log_event(LOG_INFO, "stopped", "all calls have ended");
    log_close();
    return started;
}
