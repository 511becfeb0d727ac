/* SPDX-License-Identifier: MIT */
#include "credential/check.h"

#include <event2/event.h>

#include "base/clock.h"
#include "credential/fetch.h"
#include "credential/report.h"
#include "credential/sources.h"

#include "base/banned.h"

struct check {
    const struct source *source;
    struct event_base *loop;
    struct buffer *summary;
    struct status *status;
    bool good;
};

static void on_ended(struct source_fetch *fetch, bool good, void *context)
{
    struct check *check = context;
    check->good = good;
    if (good)
        report_describe(check->source, &fetch->issued, check->summary);
    else
        *check->status = fetch->status;
    /* Also before the loop runs, where a fetch ends that cannot begin. */
    event_base_loopexit(check->loop, NULL);
}

static bool ask(struct source *source, struct check *check)
{
    source_ask(source, on_ended, check);
    return check->good;
}

static bool fetch_once(const struct config *config, struct source *source, struct check *check)
{
    struct secret_list *secrets = secret_list_new();
    const struct fetch_settings settings = fetch_settings_of(config, check->loop, secrets);
    struct fetcher *fetcher = NULL;
    if (fetcher_open(source, &settings, on_ended, check, &fetcher, check->status)) {
        fetcher_begin(fetcher, clock_calendar_ns());
        if (event_base_dispatch(check->loop) != 0)
            status_set(check->status, STATUS_INTERNAL, "run an event loop: %m");
    }
    fetcher_free(fetcher);
    secret_list_release(secrets);
    return check->good || status_wrap(check->status, "%s %s", source->kind->name, source->place);
}

bool credential_check(const struct config *config, struct buffer *summary, struct status *status)
{
    struct source *source = source_open(config);
    struct check check = {
        .source = source, .loop = event_base_new(), .summary = summary, .status = status};
    bool good = check.loop ? (source->kind->answered ? fetch_once(config, source, &check)
                                                     : ask(source, &check))
                           : status_fail(status, STATUS_INTERNAL, "open an event loop: %m");
    if (check.loop)
        event_base_free(check.loop);
    source_free(source);
    return good;
}
