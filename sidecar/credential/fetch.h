/* SPDX-License-Identifier: MIT */
/*
 * Carries out the fetches of a source: sends its requests to its hosts, each over an upstream of
 * its own, one after the other. Requests and responses of a fetch are in one block of secret
 * memory, which is wiped when the fetch has ended. The loop's thread.
 */
#pragma once

#include <event2/event.h>

#include "base/status.h"
#include "config/config.h"
#include "credential/source.h"
#include "system/reload.h"
#include "system/watchdog.h"

struct fetcher;

/* How the hosts are reached. */
struct fetch_settings {
    struct event_base *loop;
    struct secret_list *secrets;
    struct watchdog *watchdog;         /* NULL: the threads are not watched */
    const char *ca_file;               /* PEM; NULL for the system's store */
    struct reload_listener ca_changes; /* of ca_file; all zero: it is read once */
    const char *proxy;                 /* NULL for none; never of a host that is asked over http */
};

/* The settings that the options name, without a watchdog and a listener. */
struct fetch_settings fetch_settings_of(const struct config *config, struct event_base *loop,
                                        struct secret_list *secrets);

/* The end of a fetch: issued when `good`, and otherwise its fault and status. Its memory is valid
 * until this returns. */
typedef void fetch_ended(struct source_fetch *fetch, bool good, void *context);

/* Opens an upstream for each host of the source, which must outlive the fetcher, as the strings of
 * the settings do. Fails as upstream_open does. */
must_use bool fetcher_open(struct source *source, const struct fetch_settings *settings,
                           fetch_ended *ended, void *context, struct fetcher **fetcher,
                           struct status *status);

/* `ended` is not called for a fetch that is under way. NULL is allowed. */
void fetcher_free(struct fetcher *fetcher);

/* Begins a fetch; none is under way. `ended` may be called before this returns. `now_ns` is the
 * server's calendar. */
void fetcher_begin(struct fetcher *fetcher, int64_t now_ns);

/* The host that was asked last, as "https://host"; the source's place before the first one. */
const char *fetcher_host(const struct fetcher *fetcher);
