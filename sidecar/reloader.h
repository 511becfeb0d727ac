/* SPDX-License-Identifier: MIT */
/*
 * The files that are loaded again when they change or SIGHUP comes, and how the log, a metric and
 * the probes report it: the files of the credential, the listeners' certificate with key and client
 * CA, and the CAs of upstream and IAM. Each file is loaded by the module that uses it (credential/,
 * server/tls.c, upstream/trust_store.c), through system/reload.
 */
#pragma once

#include "config/config.h"
#include "probes.h"
#include "system/reload.h"
#include "telemetry/metric.h"

#define RELOADER_FILES (METRIC_FILE_IAM_CA + 1)

/* A listener's context. */
struct reloader_file {
    struct reloader *reloader;
    enum metric_file file;
};

struct reloader {
    struct event_base *loop;
    struct event *sighup;
    struct reload_group group;
    struct metrics *metrics;
    struct probes *probes;
    struct reloader_file files[RELOADER_FILES];
};

/* Logs a warning and returns true when the file at the path is one that was mounted by itself
 * (subPath), so that what replaces it in its volume is never seen here. NULL is allowed. */
bool reloader_warn_if_pinned(const char *path);

/* Warns about the files but those of the credential, and handles SIGHUP from now on. `loop`,
 * `metrics` and `probes` outlive the listeners. INTERNAL when the loop refuses. */
must_use bool reloader_open(struct reloader *reloader, const struct config *config,
                            struct event_base *loop, struct metrics *metrics, struct probes *probes,
                            struct status *status);

/* Before the loop is freed; also one that is all zero. */
void reloader_clear(struct reloader *reloader);

/* For the module that loads the file. */
struct reload_listener reloader_listener(struct reloader *reloader, enum metric_file file);
