/* SPDX-License-Identifier: MIT */
#include "sidecar.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/monitor.h"
#include "base/clock.h"
#include "credential/credential.h"
#include "lifecycle.h"
#include "load_log.h"
#include "pipeline/call_metrics.h"
#include "pipeline/pipeline.h"
#include "probes.h"
#include "reloader.h"
#include "rest/served.h"
#include "schema/schema.h"
#include "server/server.h"
#include "system/memory_trim.h"
#include "system/process.h"
#include "system/thread.h"
#include "system/watchdog.h"
#include "telemetry/log.h"
#include "telemetry/metric.h"
#include "upstream/upstream.h"

#include "base/banned.h"

/* Memory for what lives as long as the sidecar, above all a mounted descriptor set. */
#define ARENA_BYTES (64U << 20)

#define WATCHDOG_ROUND_NS CLOCK_NS_PER_S

struct sidecar {
    const struct config *config;
    const char *revision;
    struct event_base *loop;
    struct arena arena;
    struct schema *schema;
    struct metrics *metrics;
    struct watchdog *watchdog;
    struct lifecycle lifecycle;
    struct reloader reloader;
    struct credential *credential;
    bool credential_is_pinned;
    struct upstream *upstream;
    struct load_log load_log;
    struct pipeline pipeline;
    struct server *server;
    struct probes probes;
    struct monitor *monitor;
    struct admin *admin;
};

static void on_drain_request(void *context)
{
    struct sidecar *sidecar = context;
    lifecycle_drain(&sidecar->lifecycle);
}

static void log_address(const char *event, const char *address)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, event);
    log_text(&line, "address", text_of(address));
    log_end(&line);
}

static void on_listening(const char *address, void *context)
{
    (void)context;
    log_address("listening", address);
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
    lifecycle_drained(&sidecar->lifecycle);
}

/* A method that nobody asked to be served is not worth a warning. */
static void log_unserved(const struct schema *schema)
{
    size_t count;
    const struct schema_unserved *unserved = schema_unserved(schema, &count);
    for (size_t i = 0; i < count; i++) {
        struct log_line line;
        if (unserved[i].cause != UNSERVED_UNFIT)
            continue;
        log_begin(&line, LOG_WARNING, "method not served");
        log_text(&line, "method", text_of(unserved[i].path + 1));
        log_text(&line, "message", text_of(unserved[i].reason));
        log_end(&line);
    }
}

static bool open_schema(struct sidecar *sidecar, struct status *status)
{
    const struct served_settings settings = {.descriptor_set = sidecar->config->descriptor_set,
                                             .patterns = sidecar->config->serve,
                                             .values = {config_find_text, sidecar->config}};
    if (!served_open(&settings, &sidecar->arena, &sidecar->schema, status))
        return false;
    log_unserved(sidecar->schema);
    return true;
}

/* "shop.v1.Orders/GetOrder" and so on, in the schema's order. */
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
        [METRIC_LABEL_REVISION] = {&sidecar->revision, 1},
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
    sidecar->watchdog = watchdog_new(sidecar->loop, WATCHDOG_ROUND_NS);
    return reloader_open(&sidecar->reloader, sidecar->config, sidecar->loop, sidecar->metrics,
                         &sidecar->probes, status) &&
           lifecycle_open(&sidecar->lifecycle, sidecar->config, sidecar->loop, status);
}

static void on_credential_changed(void *context)
{
    struct sidecar *sidecar = context;
    probes_changed(&sidecar->probes);
}

static bool open_credential(struct sidecar *sidecar, struct status *status)
{
    const struct credential_parts with = {
        .files = reloader_listener(&sidecar->reloader, METRIC_FILE_TOKEN),
        .iam_ca = reloader_listener(&sidecar->reloader, METRIC_FILE_IAM_CA),
        .metrics = sidecar->metrics,
        .watchdog = sidecar->watchdog,
        .changed = on_credential_changed,
        .context = sidecar,
    };
    if (!credential_open(sidecar->config, &with, &sidecar->credential, status))
        return false;
    const char *file;
    for (size_t i = 0; (file = credential_file(sidecar->credential, i)); i++)
        sidecar->credential_is_pinned |= reloader_warn_if_pinned(file);
    return true;
}

static void on_round(void *context)
{
    struct sidecar *sidecar = context;
    if (sidecar->upstream)
        load_log_look(&sidecar->load_log, sidecar->upstream);
}

/* The URL consists of an origin and a prefix: "https://host:port" and "/prefix". */
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
        .rate = {config->upstream_rate.calls, config->upstream_rate.window_ns},
        .rate_changes = load_log_rate_listener(),
        .response_bytes = config->max_response_bytes,
        .connection_idle_ns = config->upstream_idle_timeout_ns,
        .connection_age_ns = UPSTREAM_AGE_NS,
        .metrics = sidecar->metrics,
        .watchdog = sidecar->watchdog,
        .ca_changes = reloader_listener(&sidecar->reloader, METRIC_FILE_UPSTREAM_CA),
    };
    if (!origin || !upstream_open(&settings, &sidecar->upstream, status))
        return false;
    watchdog_on_round(sidecar->watchdog, on_round, sidecar);
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
    const struct server_events events = {
        .listening = on_listening,
        .refused = on_refused,
        .disconnected = on_disconnected,
        .drained = on_drained,
        .context = sidecar,
        .metrics = sidecar->metrics,
        .watchdog = sidecar->watchdog,
        .certificate_changes = reloader_listener(&sidecar->reloader, METRIC_FILE_CERTIFICATE),
    };
    return server_open(sidecar->config, sidecar->schema, sidecar->loop, &handler, &events,
                       &sidecar->server, status);
}

static bool become_ready(struct sidecar *sidecar, struct status *status)
{
    (void)status;
    const struct lifecycle_parts drained = {sidecar->server, sidecar->upstream, sidecar->credential,
                                            &sidecar->probes, sidecar->metrics};
    const struct probes_parts probed = {sidecar->credential, sidecar->upstream,
                                        sidecar->server,     sidecar->watchdog,
                                        sidecar->metrics,    sidecar->credential_is_pinned};
    lifecycle_set_parts(&sidecar->lifecycle, &drained);
    probes_set_listening(&sidecar->probes, &probed);
    return true;
}

static void write_config(struct buffer *out, void *context)
{
    struct sidecar *sidecar = context;
    config_write_resolved(sidecar->config, out);
}

static bool open_ports(struct sidecar *sidecar, struct status *status)
{
    const struct monitor_sources sources = probes_sources(&sidecar->probes);
    const struct admin_actions actions = {on_drain_request, write_config, sidecar};
    if (!monitor_open(&sidecar->config->monitor, sidecar->loop, &sources, &sidecar->monitor,
                      status) ||
        !admin_open(&sidecar->config->admin, sidecar->loop, &actions, &sidecar->admin, status))
        return false;
    log_address("monitor listening", monitor_address(sidecar->monitor));
    log_address("admin listening", admin_address(sidecar->admin));
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
    {"become ready", become_ready},
};

static bool open_parts(struct sidecar *sidecar, struct status *status)
{
    for (size_t i = 0; i < array_length(parts); i++)
        if (!parts[i].open(sidecar, status))
            return status_wrap(status, "%s", parts[i].doing);
    return true;
}

/* In reverse order; takes a sidecar that was not opened as a whole. */
static void close_parts(struct sidecar *sidecar)
{
    server_free(sidecar->server);
    admin_free(sidecar->admin);
    monitor_free(sidecar->monitor);
    upstream_free(sidecar->upstream);
    credential_free(sidecar->credential);
    probes_clear(&sidecar->probes);
    lifecycle_clear(&sidecar->lifecycle);
    reloader_clear(&sidecar->reloader);
    watchdog_free(sidecar->watchdog);
    if (sidecar->loop)
        event_base_free(sidecar->loop);
    metrics_free(sidecar->metrics);
    schema_free(sidecar->schema);
    arena_clear(&sidecar->arena);
}

/* Descriptors of threads, files, ports and pipes. */
#define OTHER_DESCRIPTORS 64

/* A caller's connection has its socket and both ends of the pair that leads to C-core. */
#define CALLER_DESCRIPTORS 3

/* Too few descriptors do not prevent the start, because the limits on connections may never be
 * reached. */
static void raise_descriptors(const struct config *config)
{
    uint64_t allowed = process_raise_descriptors();
    uint64_t upstream = config->upstream_loops * config->upstream_connections;
    uint64_t wanted = config->max_connections * CALLER_DESCRIPTORS + upstream + OTHER_DESCRIPTORS;
    if (wanted > allowed)
        log_event(LOG_WARNING, "too few descriptors",
                  "the system allows %lu descriptors; --max-connections %lu and "
                  "--upstream-connections %lu for each of %lu --upstream-loops can take %lu. Lower "
                  "these options or raise the hard limit (ulimit -Hn)",
                  allowed, config->max_connections, config->upstream_connections,
                  config->upstream_loops, wanted);
}

/* Signals that have no meaning here, and whose default is the end of the process. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < array_length(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

/* Signals wait until all parts are open, so that the threads which C-core starts block them: a
 * signal that such a thread takes may be handled only when the thread wakes up. */
static bool open_without_signals(struct sidecar *sidecar, struct status *status)
{
    sigset_t before;
    thread_block_signals(&before);
    bool is_open = open_parts(sidecar, status);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_open;
}

/* A loop that fails ends the process at once, because no part may be freed while calls are under
 * way. */
static void run_loop(struct event_base *loop)
{
    if (event_base_dispatch(loop) == 0)
        return;
    log_event(LOG_ERROR, "stopped", "the main event loop failed: %m");
    log_close();
    _exit(1);
}

bool sidecar_run(const struct config *config, const char *revision, struct status *status)
{
    struct sidecar sidecar = {.config = config, .revision = revision};
    ignore_signals();
    memory_trim_prepare();
    arena_init(&sidecar.arena, ARENA_BYTES);
    probes_init(&sidecar.probes);
    log_open(config->log_level, config->log_format);
    raise_descriptors(config);
    bool started = open_without_signals(&sidecar, status);
    if (started)
        run_loop(sidecar.loop);
    close_parts(&sidecar);
    if (started)
        log_event(LOG_INFO, "stopped", "all calls have ended");
    log_close();
    return started;
}
