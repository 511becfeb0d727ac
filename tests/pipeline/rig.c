/* SPDX-License-Identifier: MIT */
#include "rig_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "rest/served.h"

#define MEMORY (256U << 20)

#define CALENDAR_NS (INT64_C(1785834322) * CLOCK_NS_PER_S) /* 2026-08-04T09:05:22Z, about */

struct rig *the_rig;

int64_t clock_now_ns(void)
{
    return the_rig->now_ns;
}

int64_t clock_calendar_ns(void)
{
    return CALENDAR_NS + the_rig->now_ns;
}

void clock_stamp(char stamp[CLOCK_STAMP_BYTES])
{
    memcpy(stamp, "2026-08-04T09:05:22.000Z", CLOCK_STAMP_BYTES);
}

struct text rig_keep(struct rig *rig, struct text text)
{
    char *kept = arena_copy(&rig->arena, text.data ? text.data : "", text.size);
    assert(kept);
    return (struct text){kept, text.size};
}

struct rig *rig_new(const char *token)
{
    static char *const no_variables[] = {NULL};
    struct status status;
    struct rig *rig = calloc(1, sizeof *rig);
    assert(rig && !the_rig);
    the_rig = rig;
    rig->now_ns = CLOCK_NS_PER_S;
    rig->deadline_ns = 30 * CLOCK_NS_PER_S;
    rig->noise_file = dup(STDERR_FILENO);
    rig->log_file = memfd_create("log", MFD_CLOEXEC);
    assert(rig->noise_file >= 0 && rig->log_file >= 0);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/pipeline-XXXXXX");
    assert(mkdtemp(rig->folder));
    snprintf(rig->token_file, sizeof rig->token_file, "%s/token", rig->folder);
    FILE *file = fopen(rig->token_file, "w");
    assert(file && fputs(token, file) >= 0 && fclose(file) == 0);
    arena_init(&rig->arena, MEMORY);
    const struct served_settings settings = {.values = {config_find_text, &rig->config}};
    bool good = config_read(&rig->config, 0, NULL, no_variables, &status) &&
                served_open(&settings, &rig->arena, &rig->schema, &status);
    rig->loop = event_base_new();
    const struct credential_parts parts = {.files.loop = rig->loop};
    rig->config.token_file = rig->token_file;
    good = good && credential_open(&rig->config, &parts, &rig->credential, &status);
    if (!good) {
        fprintf(stderr, "%s\n", status.message);
        abort();
    }
    rig->pipeline = (struct pipeline){
        .config = &rig->config, .credential = rig->credential, .prefix = text_literal("")};
    rig->handler = pipeline_handler(&rig->pipeline);
    assert(rig->handler.state_bytes <= sizeof rig->call.state);
    log_set_level(LOG_DEBUG);
    return rig;
}

void rig_free(struct rig *rig)
{
    credential_free(rig->credential);
    event_base_free(rig->loop);
    schema_free(rig->schema);
    config_clear(&rig->config);
    arena_clear(&rig->arena);
    unlink(rig->token_file);
    rmdir(rig->folder);
    close(rig->log_file);
    close(rig->noise_file);
    free(rig);
    the_rig = NULL;
}

void rig_deadline_ns(struct rig *rig, int64_t deadline_ns)
{
    rig->deadline_ns = deadline_ns;
}

void rig_recover_lost_creates(struct rig *rig, bool recover)
{
    rig->config.recover_lost_creates = recover;
}

void rig_refuse_replies(struct rig *rig)
{
    rig->refuses_replies = true;
}

void rig_memory(struct rig *rig, struct arena_quota *request, struct arena_quota *response)
{
    rig->request_memory = request;
    rig->response_memory = response;
}

void rig_refuse_calls(struct rig *rig, enum status_code refusal)
{
    rig->refusal = refusal;
}

const struct schema_method *rig_method(struct rig *rig, struct text name)
{
    return schema_method_find(rig->schema, name);
}

static void take_through(struct rig *rig)
{
    rig->handler.begin(&rig->call, rig->handler.context);
    while (rig->waiting) {
        struct exchange *exchange = rig->waiting;
        rig->waiting = NULL;
        rig_respond(exchange);
    }
    rig->handler.end(&rig->call, rig->handler.context);
}

static void keep_log(struct rig *rig)
{
    off_t bytes = lseek(rig->log_file, 0, SEEK_CUR);
    char *log = arena_alloc(&rig->arena, (size_t)bytes + 1);
    assert(log && pread(rig->log_file, log, (size_t)bytes, 0) == bytes);
    rig->result.log = (struct text){log, (size_t)bytes};
    assert(lseek(rig->log_file, 0, SEEK_SET) == 0 && ftruncate(rig->log_file, 0) == 0);
}

const struct rig_result *rig_call(struct rig *rig, const struct schema_method *method,
                                  struct text message, const char *const *metadata,
                                  const struct rig_upstream *upstream)
{
    arena_clear(&rig->arena);
    retry_budget_init(&rig->pipeline.budget);
    rig->result = (struct rig_result){0};
    rig->upstream = upstream;
    rig->waiting = NULL;
    rig->call.rig = rig;
    rig->call.method = method;
    rig->call.message = message;
    rig->call.metadata = metadata;
    rig->call.received_ns = rig->now_ns;
    rig->call.deadline_ns = rig->now_ns + rig->deadline_ns;
    assert(dup2(rig->log_file, STDERR_FILENO) >= 0);
    take_through(rig);
    assert(dup2(rig->noise_file, STDERR_FILENO) >= 0);
    keep_log(rig);
    return &rig->result;
}

struct text rig_trailer(const struct rig_result *result, const char *name)
{
    for (size_t i = 0; i < result->trailer_count; i++)
        if (strcmp(result->trailers[i].name, name) == 0)
            return result->trailers[i].value;
    return (struct text){NULL, 0};
}
