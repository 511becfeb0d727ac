/* SPDX-License-Identifier: MIT */
#include "credential/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "credential/answer.h"
#include "credential/keeper_plan.h"
#include "credential/server_clock.h"
#include "credential/sources.h"
#include "http/request_writer.h"
#include "system/redact.h"
#include "system/secret.h"
#include "upstream/upstream.h"

#include "base/banned.h"

/* A service of the node responds at once, or does not exist; these are the times of the vendor's
 * SDKs. */
#define NODE_TIMEOUT_NS (3 * CLOCK_NS_PER_S)
#define TIMEOUT_NS (10 * CLOCK_NS_PER_S)

/* Fetches are minutes apart. */
#define IDLE_NS (5 * CLOCK_NS_PER_S)

struct host {
    struct upstream *upstream;
    const char *origin; /* "https://host:port" */
    const char *prefix; /* in front of each target: "" or "/prefix" */
};

struct fetcher {
    struct source *source;
    struct event_base *loop;
    struct secret_list *secrets;
    struct task_queue tasks;
    struct task answered; /* by the upstream's thread */
    bool has_tasks;
    fetch_ended *ended;
    void *context;
    struct host hosts[SOURCE_HOSTS];
    struct host *asked;
    struct arena urls, arena; /* the second is that of a fetch */
    void *memory;
    struct source_fetch fetch;
    struct exchange exchange;
};

static const char *const host_names[] = {
    [SOURCE_NODE] = "node", [SOURCE_IAM] = "iam", [SOURCE_STS] = "sts"};

struct fetch_settings fetch_settings_of(const struct config *config, struct event_base *loop,
                                        struct secret_list *secrets)
{
    return (struct fetch_settings){.loop = loop,
                                   .secrets = secrets,
                                   .ca_file = config->iam_ca_file,
                                   .proxy = config->iam_proxy ? config->iam_proxy
                                                              : config->upstream_proxy};
}

static void on_answered(struct task *task);

static void on_done(struct exchange *exchange)
{
    struct fetcher *fetcher = container_of(exchange, struct fetcher, exchange);
    task_queue_post(&fetcher->tasks, &fetcher->answered);
}

/* IAM and STS load the same file, which the first of them reports. */
static struct reload_listener ca_listener(const struct source *source, enum source_host number,
                                          const struct fetch_settings *settings)
{
    struct reload_listener listener = settings->ca_changes;
    if (number == SOURCE_STS && source->urls[SOURCE_IAM])
        listener.report = NULL;
    return listener;
}

static bool open_host(struct fetcher *fetcher, enum source_host number,
                      const struct fetch_settings *settings, struct status *status)
{
    const char *url = fetcher->source->urls[number];
    struct host *host = &fetcher->hosts[number];
    if (!url)
        return true;
    const char *path = strchrnul(strstr(url, "://") + 3, '/');
    host->origin = memory_expect(arena_copy(&fetcher->urls, url, (size_t)(path - url)));
    host->prefix = path;
    const struct upstream_settings with = {
        .name = host_names[number],
        .url = host->origin,
        .ca_file = number == SOURCE_NODE ? NULL : settings->ca_file,
        .proxy = settings->proxy,
        .loops = 1,
        .connections = 2,
        .response_bytes = ANSWER_BYTES,
        .connection_idle_ns = IDLE_NS,
        .connection_age_ns = UPSTREAM_AGE_NS,
        .watchdog = settings->watchdog,
        .ca_changes = ca_listener(fetcher->source, number, settings),
        .holds_secrets = true,
    };
    return upstream_open(&with, &host->upstream, status);
}

bool fetcher_open(struct source *source, const struct fetch_settings *settings, fetch_ended *ended,
                  void *context, struct fetcher **fetcher, struct status *status)
{
    struct fetcher *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct fetcher){.source = source,
                             .loop = settings->loop,
                             .secrets = settings->secrets,
                             .ended = ended,
                             .context = context,
                             .answered.run = on_answered};
    arena_init(&made->urls, SOURCE_FETCH_BYTES);
    made->has_tasks = task_queue_init(&made->tasks, settings->loop);
    bool good = made->has_tasks || status_fail(status, STATUS_INTERNAL, "open a task queue: %m");
    for (enum source_host host = 0; good && host < SOURCE_HOSTS; host++)
        good = open_host(made, host, settings, status);
    if (good)
        *fetcher = made;
    else
        fetcher_free(made);
    return good;
}

static void forget(struct fetcher *fetcher)
{
    source_end_hiding(&fetcher->fetch);
    arena_clear(&fetcher->arena);
    secret_free(fetcher->memory, SOURCE_FETCH_BYTES);
    fetcher->memory = NULL;
    memset(&fetcher->fetch, 0, sizeof fetcher->fetch);
}

void fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    for (enum source_host host = 0; host < SOURCE_HOSTS; host++)
        if (fetcher->hosts[host].upstream) {
            upstream_end_all(fetcher->hosts[host].upstream);
            upstream_free(fetcher->hosts[host].upstream);
        }
    if (fetcher->has_tasks)
        task_queue_clear(&fetcher->tasks);
    forget(fetcher);
    arena_clear(&fetcher->urls);
    free(fetcher);
}

static void end(struct fetcher *fetcher, bool good)
{
    char *message = fetcher->fetch.status.message;
    if (!good)
        message[redact(fetcher->secrets, message, strlen(message))] = '\0';
    fetcher->ended(&fetcher->fetch, good, fetcher->context);
    forget(fetcher);
}

static bool write_request(struct fetcher *fetcher, struct status *status)
{
    struct source_fetch *fetch = &fetcher->fetch;
    struct buffer target;
    buffer_init(&target, fetch->arena, 256);
    buffer_add_text(&target, text_of(fetcher->asked->prefix));
    buffer_add_text(&target, fetch->request.target);
    if (target.bytes == 0)
        buffer_add_char(&target, '/');
    fetch->request.target = buffer_text(&target);
    return http1_request(&fetch->request, upstream_authority(fetcher->asked->upstream),
                         fetch->arena, &fetcher->exchange.request, status);
}

/* A credential whose life has ended by the server's clock is not worth a try. */
static bool is_alive(struct source_fetch *fetch)
{
    return keeper_plan_is_alive(fetch->issued.expires_ns, fetch->now_ns) ||
           status_fail(&fetch->status, STATUS_UNAVAILABLE,
                       "the credential that came has no life left");
}

static void follow(struct fetcher *fetcher, enum source_next next)
{
    if (next != SOURCE_SEND) {
        end(fetcher, next == SOURCE_ISSUED && is_alive(&fetcher->fetch));
        return;
    }
    struct exchange *exchange = &fetcher->exchange;
    bool is_near = fetcher->fetch.host == SOURCE_NODE;
    fetcher->asked = &fetcher->hosts[fetcher->fetch.host];
    exchange_init(exchange);
    exchange->arena = fetcher->fetch.arena;
    exchange->deadline_ns = clock_now_ns() + (is_near ? NODE_TIMEOUT_NS : TIMEOUT_NS);
    exchange->done = on_done;
    if (write_request(fetcher, &fetcher->fetch.status))
        upstream_send(fetcher->asked->upstream, exchange);
    else
        end(fetcher, false);
}

static enum source_next give_up(struct fetcher *fetcher)
{
    struct source_fetch *fetch = &fetcher->fetch;
    const struct source_kind *kind = fetcher->source->kind;
    enum source_next next =
        kind->unanswered ? kind->unanswered(fetcher->source, fetch) : SOURCE_FAILED;
    return next == SOURCE_FAILED
               ? source_fail(fetch, SOURCE_PASSING, "%s", fetcher->exchange.status.message)
               : next;
}

static void note_clock(struct fetcher *fetcher)
{
    const struct exchange *exchange = &fetcher->exchange;
    struct source_fetch *fetch = &fetcher->fetch;
    int64_t now_ns = clock_calendar_ns();
    fetch->had_wrong_time = false;
    if (exchange->outcome != EXCHANGE_ANSWERED ||
        !server_clock_offset(&exchange->response, exchange->ended_ns - exchange->started_ns, now_ns,
                             &fetch->offset_ns))
        return;
    now_ns += fetch->offset_ns;
    fetch->had_wrong_time = llabs(now_ns - fetch->now_ns) >= SERVER_CLOCK_LEAST_NS;
    fetch->now_ns = now_ns;
    fetch->has_offset = true;
}

static void on_answered(struct task *task)
{
    struct fetcher *fetcher = container_of(task, struct fetcher, answered);
    const struct exchange *exchange = &fetcher->exchange;
    note_clock(fetcher);
    follow(fetcher, exchange->outcome == EXCHANGE_ANSWERED
                        ? fetcher->source->kind->answered(fetcher->source, &fetcher->fetch,
                                                          &exchange->response)
                        : give_up(fetcher));
}

void fetcher_begin(struct fetcher *fetcher, int64_t now_ns)
{
    fetcher->memory = memory_expect(secret_alloc(SOURCE_FETCH_BYTES));
    arena_init_with(&fetcher->arena, SOURCE_FETCH_BYTES, fetcher->memory, SOURCE_FETCH_BYTES);
    fetcher->fetch = (struct source_fetch){
        .arena = &fetcher->arena, .secrets = fetcher->secrets, .now_ns = now_ns};
    follow(fetcher, fetcher->source->kind->begin(fetcher->source, &fetcher->fetch));
}

const char *fetcher_host(const struct fetcher *fetcher)
{
    return fetcher->asked ? fetcher->asked->origin : fetcher->source->place;
}
