/* SPDX-License-Identifier: MIT */
#include "reloader.h"

#include <signal.h>

#include "system/mount.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* Events of the log. */
static const struct {
    const char *loaded, *rejected;
} events[RELOADER_FILES] = {
    [METRIC_FILE_TOKEN] = {"credential loaded", "credential rejected"},
    [METRIC_FILE_CERTIFICATE] = {"certificate loaded", "certificate rejected"},
    [METRIC_FILE_UPSTREAM_CA] = {"upstream CA loaded", "upstream CA rejected"},
    [METRIC_FILE_IAM_CA] = {"IAM CA loaded", "IAM CA rejected"},
};

static void report(enum reload_result result, struct text message, void *context)
{
    const struct reloader_file *file = context;
    const struct reloader *reloader = file->reloader;
    bool is_loaded = result == RELOAD_LOADED;
    metric_count(reloader->metrics, METRIC_FILE_LOADS, file->file,
                 is_loaded ? METRIC_OK : METRIC_FAILED);
    log_event(is_loaded ? LOG_INFO : LOG_WARNING,
              is_loaded ? events[file->file].loaded : events[file->file].rejected, "%.*s",
              text_arguments(message));
    probes_changed(reloader->probes);
}

bool reloader_warn_if_pinned(const char *path)
{
    if (!path || !mount_pins_file(path))
        return false;
    log_event(LOG_WARNING, "file cannot change",
              "%s is mounted as a single file (subPath), so that the sidecar never sees the file "
              "that replaces it: mount its folder",
              path);
    return true;
}

static void warn_of_pinned_files(const struct config *config)
{
    const char *const paths[] = {config->tls_cert_file, config->tls_key_file,
                                 config->tls_client_ca_file, config->upstream_ca_file,
                                 config->iam_ca_file};
    for (size_t i = 0; i < array_length(paths); i++)
        (void)reloader_warn_if_pinned(paths[i]);
}

static void on_hangup(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what;
    struct reloader *reloader = context;
    log_event(LOG_INFO, "reloading",
              "SIGHUP: the files of the credential, the certificate and the CAs of callers, "
              "upstream and IAM are read again");
    reload_all(&reloader->group);
}

bool reloader_open(struct reloader *reloader, const struct config *config, struct event_base *loop,
                   struct metrics *metrics, struct probes *probes, struct status *status)
{
    warn_of_pinned_files(config);
    *reloader = (struct reloader){.loop = loop, .metrics = metrics, .probes = probes};
    for (enum metric_file file = 0; file < RELOADER_FILES; file++)
        reloader->files[file] = (struct reloader_file){reloader, file};
    reloader->sighup = evsignal_new(loop, SIGHUP, on_hangup, reloader);
    return (reloader->sighup && event_add(reloader->sighup, NULL) == 0) ||
           status_fail(status, STATUS_INTERNAL, "handle SIGHUP: %m");
}

void reloader_clear(struct reloader *reloader)
{
    if (reloader->sighup)
        event_free(reloader->sighup);
}

struct reload_listener reloader_listener(struct reloader *reloader, enum metric_file file)
{
    return (struct reload_listener){reloader->loop, report, &reloader->files[file],
                                    &reloader->group};
}
