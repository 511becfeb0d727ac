/* SPDX-License-Identifier: MIT */
#include "probes.h"

#include "base/clock.h"
#include "system/memory_budget.h"
#include "system/usage.h"
#include "telemetry/log.h"

#include "base/banned.h"

void probes_init(struct probes *probes)
{
    *probes = (struct probes){.is_listening = false};
    pthread_mutex_init(&probes->notifying, NULL);
}

void probes_clear(struct probes *probes)
{
    pthread_mutex_destroy(&probes->notifying);
}

static bool has_credential(void *context, struct buffer *out)
{
    const struct probes *probes = context;
    bool is_loaded = credential_ready(probes->parts.credential);
    buffer_add_text(out, is_loaded ? text_literal("credential loaded")
                                   : text_literal("no credential loaded"));
    if (probes->parts.credential_is_pinned)
        buffer_add_literal(out, "; a file of it cannot change (subPath)");
    return is_loaded;
}

static bool has_ca(void *context, struct buffer *out)
{
    const struct probes *probes = context;
    bool is_loaded = upstream_has_ca(probes->parts.upstream);
    buffer_add_text(out, is_loaded ? text_literal("upstream CA loaded")
                                   : text_literal("no CA loaded from --upstream-ca-file"));
    return is_loaded;
}

static bool is_staying(void *context, struct buffer *out)
{
    struct probes *probes = context;
    bool is_draining = atomic_load(&probes->is_draining);
    buffer_add_text(out, is_draining ? text_literal("draining, calls under way may finish")
                                     : text_literal("not draining"));
    return !is_draining;
}

static bool is_listening(void *context, struct buffer *out)
{
    struct probes *probes = context;
    bool is_open = atomic_load(&probes->is_listening);
    buffer_add_text(out, is_open ? text_literal("listeners open")
                                 : text_literal("listeners not open yet"));
    return is_open;
}

static bool are_threads_responsive(void *context, struct buffer *out)
{
    const struct probes *probes = context;
    return watchdog_all_responsive(probes->parts.watchdog, out);
}

/* The upstream does not affect readiness, because a restart would not help, and callers still get
 * an accurate status. */
static bool is_connected(void *context, struct buffer *out)
{
    const struct probes *probes = context;
    buffer_add_literal(out, "upstream: ");
    upstream_describe(probes->parts.upstream, out);
    return true;
}

static const struct monitor_check checks[] = {
    {MONITOR_LIVE, 0, are_threads_responsive},
    {MONITOR_STARTED | MONITOR_READY, 0, is_listening},
    {MONITOR_READY, 0, has_credential},
    {MONITOR_READY, 0, has_ca},
    {MONITOR_READY, 0, is_staying},
    {0, MONITOR_READY, is_connected},
};

static void measure_age(const struct probes_parts *parts)
{
    static const enum metric_kind kinds[] = {
        [ISSUED_TOKEN] = METRIC_KIND_TOKEN, [ISSUED_KEY] = METRIC_KIND_KEY};
    int64_t since_ns = credential_since_ns(parts->credential);
    enum issued_kind in_use = credential_kind(parts->credential);
    for (enum issued_kind kind = 0; kind < array_length(kinds); kind++)
        metric_set(parts->metrics, METRIC_CREDENTIAL_TIME, kinds[kind], 0,
                   kind == in_use ? since_ns : 0);
}

/* Sets the gauges that are measured when the page is read, rather than counted as things happen. */
static void measure(const struct probes_parts *parts)
{
    struct usage usage;
    const struct memory_budget *memory = server_memory(parts->server);
    struct upstream_load load = upstream_load(parts->upstream);
    double interval_ns = load.per_s > 0 ? (double)CLOCK_NS_PER_S / load.per_s : 0;
    usage_read(&usage);
    const struct {
        enum metric metric;
        int64_t value;
    } gauges[] = {
        {METRIC_CALLS_IN_FLIGHT, (int64_t)server_in_flight(parts->server)},
        {METRIC_CONNECTIONS, (int64_t)server_connections(parts->server)},
        {METRIC_MEMORY_RESERVED, (int64_t)memory_budget_used(memory)},
        {METRIC_MEMORY_BUDGET, (int64_t)memory->limit},
        {METRIC_UPSTREAM_LIMIT, (int64_t)load.limit},
        {METRIC_UPSTREAM_HUNG, (int64_t)load.hung},
        {METRIC_UPSTREAM_WAITING, (int64_t)load.waiting},
        {METRIC_UPSTREAM_RATE_INTERVAL, (int64_t)interval_ns},
        {METRIC_CREDENTIAL_READY, credential_ready(parts->credential)},
        {METRIC_CREDENTIAL_EXPIRY, credential_expires_ns(parts->credential)},
        {METRIC_CLOCK_OFFSET, credential_clock_offset_ns(parts->credential)},
        {METRIC_PROCESS_CPU, usage.cpu_ns},
        {METRIC_PROCESS_MEMORY, usage.resident_bytes},
        {METRIC_PROCESS_OPEN_FDS, usage.open_fds},
        {METRIC_PROCESS_MAX_FDS, usage.max_fds},
    };
    for (size_t i = 0; i < array_length(gauges); i++)
        metric_set(parts->metrics, gauges[i].metric, 0, 0, gauges[i].value);
    for (enum log_loss loss = 0; loss < LOG_LOSS_COUNT; loss++)
        metric_set(parts->metrics, METRIC_LOG_LINES_SUPPRESSED, loss, 0,
                   (int64_t)log_unwritten(loss));
    measure_age(parts);
}

static void write_metrics(enum metric_format format, struct buffer *out, void *context)
{
    const struct probes *probes = context;
    measure(&probes->parts);
    metrics_write(probes->parts.metrics, format, out);
}

struct monitor_sources probes_sources(struct probes *probes)
{
    return (struct monitor_sources){checks, array_length(checks), write_metrics, probes};
}

void probes_changed(struct probes *probes)
{
    pthread_mutex_lock(&probes->notifying);
    if (atomic_load(&probes->is_listening))
        server_set_serving(probes->parts.server, !atomic_load(&probes->is_draining) &&
                                                     credential_ready(probes->parts.credential) &&
                                                     upstream_has_ca(probes->parts.upstream));
    pthread_mutex_unlock(&probes->notifying);
}

void probes_set_listening(struct probes *probes, const struct probes_parts *parts)
{
    probes->parts = *parts;
    atomic_store(&probes->is_listening, true);
    probes_changed(probes);
}

void probes_set_draining(struct probes *probes)
{
    atomic_store(&probes->is_draining, true);
    probes_changed(probes);
}
