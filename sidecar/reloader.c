/* SPDX-License-Identifier: MIT */
#include "reloader.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "system/file_watch.h"
#include "system/mount.h"
#include "telemetry/log.h"

#include "base/banned.h"

#define MOST_FILES 3

/* Files that are used together, and so are read together. */
struct file_group {
    struct reloader *reloader;
    const struct kind *kind;
    const char *paths[MOST_FILES]; /* NULL: not given */
    struct file_watch *watch;
};

struct reloader {
    struct metrics *metrics;
    struct server *server;
    struct upstream *upstream;
    struct file_group certificate, upstream_ca;
};

static enum reload_result reload_certificate(struct reloader *reloader, struct status *summary)
{
    return server_reload_tls(reloader->server, summary);
}

static enum reload_result reload_upstream_ca(struct reloader *reloader, struct status *summary)
{
    return upstream_reload_ca(reloader->upstream, summary);
}

static const struct kind {
    enum metric_file file;
    enum reload_result (*reload)(struct reloader *reloader, struct status *summary);
    const char *loaded, *rejected; /* events of the log */
} certificate = {METRIC_FILE_CERTIFICATE, reload_certificate, "certificate loaded",
                 "certificate rejected"},
  upstream_ca = {METRIC_FILE_UPSTREAM_CA, reload_upstream_ca, "upstream CA loaded",
                 "upstream CA rejected"};

static void count(const struct file_group *group, enum metric_result result)
{
    metric_count(group->reloader->metrics, METRIC_FILE_LOADS, group->kind->file, result);
}

static void look(void *context)
{
    struct file_group *group = context;
    const struct kind *kind = group->kind;
    struct status summary;
    enum reload_result result = kind->reload(group->reloader, &summary);
    if (result == RELOAD_NOTHING)
        return;
    count(group, result == RELOAD_LOADED ? METRIC_OK : METRIC_FAILED);
    if (result == RELOAD_LOADED)
        log_event(LOG_INFO, kind->loaded, "%s", summary.message);
    else
        log_event(LOG_WARNING, kind->rejected, "what was loaded before stays in use: %s",
                  summary.message);
}

static bool open_subject(struct file_group *group, struct event_base *loop, struct status *status)
{
    const struct file_watch_plan plan = {group->paths, MOST_FILES, &file_watch_usual_pace, look,
                                         group};
    if (!group->paths[0])
        return true;
    if (!file_watch_open(&plan, loop, &group->watch, status))
        return false;
    count(group, METRIC_OK);
    /* For what happened since the start read them. */
    look(group);
    return true;
}

/* Of files that are read again and again, those that will never be others. */
static void warn_of_pinned_files(const struct config *config)
{
    const char *const paths[] = {config->token_file, config->tls_cert_file, config->tls_key_file,
                                 config->tls_client_ca_file, config->upstream_ca_file};
    for (size_t i = 0; i < array_length(paths); i++)
        if (paths[i] && mount_pins_file(paths[i]))
            log_event(LOG_WARNING, "file cannot change",
                      "%s is mounted as a single file (subPath), so that the sidecar never sees "
                      "the file that replaces it: mount its folder",
                      paths[i]);
}

bool reloader_open(const struct config *config, struct event_base *loop, struct metrics *metrics,
                   struct server *server, struct upstream *upstream, struct reloader **reloader,
                   struct status *status)
{
    struct reloader *made = memory_expect(calloc(1, sizeof *made));
    warn_of_pinned_files(config);
    *made = (struct reloader){
        .metrics = metrics,
        .server = server,
        .upstream = upstream,
        .certificate = {made,
                        &certificate,
                        {config->tls_cert_file, config->tls_key_file, config->tls_client_ca_file},
                        NULL},
        .upstream_ca = {made, &upstream_ca, {config->upstream_ca_file}, NULL},
    };
    if (!open_subject(&made->certificate, loop, status) ||
        !open_subject(&made->upstream_ca, loop, status)) {
        reloader_free(made);
        return false;
    }
    *reloader = made;
    return true;
}

void reloader_free(struct reloader *reloader)
{
    if (!reloader)
        return;
    file_watch_free(reloader->certificate.watch);
    file_watch_free(reloader->upstream_ca.watch);
    free(reloader);
}
