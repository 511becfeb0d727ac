/* SPDX-License-Identifier: MIT */
#include "credential/sources.h"

#include "base/clock.h"
#include "base/memory.h"
#include "credential/source_agency.h"
#include "credential/source_keys.h"
#include "credential/source_metadata.h"
#include "credential/source_oidc.h"
#include "credential/source_pod.h"
#include "credential/source_project.h"
#include "credential/source_token_file.h"
#include "credential/source_user.h"
#include "system/secret.h"

#include "base/banned.h"

static struct iam_place iam_of(const struct config *config)
{
    return (struct iam_place){config->iam, config->sts, config->project_id, config->region,
                              config->credential_lifetime_ns};
}

/* A source that asks IAM or STS; NULL when the options name none. */
static struct source *open_issuer(const struct config *config)
{
    const struct iam_place iam = iam_of(config);
    const struct oidc_identity identity = {config->oidc_token_file, config->oidc_provider,
                                           config->agency};
    if (config->iam_user)
        return source_user_open(config->iam_user, &iam);
    return config->oidc_token_file ? source_oidc_open(&identity, &iam) : NULL;
}

static struct source *open_first(const struct config *config)
{
    struct source *issuer = open_issuer(config);
    if (issuer)
        return issuer;
    if (config->keys)
        return source_keys_open(config->keys);
    if (config->metadata)
        return source_metadata_open(config->metadata_url);
    if (config->pod_identity)
        return source_pod_open(config->pod_identity_url, config->pod_identity_token_file);
    return source_token_file_open(config->token_file);
}

/* STS assumes the agency of a provider's token in one request. */
static struct source *open_assumed(const struct config *config, const struct iam_place *iam)
{
    struct source *first = open_first(config);
    const struct agency agency = {config->agency, config->agency_domain};
    bool is_assumed = config->oidc_token_file && config_is_urn(config->oidc_provider);
    return config->agency && !is_assumed ? source_agency_open(first, &agency, iam) : first;
}

struct source *source_open(const struct config *config)
{
    const struct iam_place iam = iam_of(config);
    struct source *source = open_assumed(config, &iam);
    bool asks_project = config_gives_key(config) && !config->project_id && config->region;
    return asks_project ? source_project_open(source, &iam) : source;
}

void source_ask(struct source *source,
                void (*ended)(struct source_fetch *fetch, bool good, void *context), void *context)
{
    void *memory = memory_expect(secret_alloc(SOURCE_FETCH_BYTES));
    struct arena arena;
    arena_init_with(&arena, SOURCE_FETCH_BYTES, memory, SOURCE_FETCH_BYTES);
    struct source_fetch fetch = {.arena = &arena, .now_ns = clock_calendar_ns()};
    ended(&fetch, source->kind->begin(source, &fetch) == SOURCE_ISSUED, context);
    arena_clear(&arena);
    secret_free(memory, SOURCE_FETCH_BYTES);
}

/* The characters of an access key that are shown. */
#define ACCESS_SHOWN 4

void issued_describe(const struct issued *issued, struct buffer *out)
{
    struct text shown = issued->access;
    if (issued->kind == ISSUED_TOKEN) {
        buffer_add_literal(out, "a token of ");
        buffer_add_u64(out, issued->token.size);
        buffer_add_literal(out, " bytes");
        return;
    }
    shown.size = shown.size < ACCESS_SHOWN ? shown.size : ACCESS_SHOWN;
    buffer_add_text(out, issued->security.size ? text_literal("temporary access key ")
                                               : text_literal("access key "));
    buffer_add_text(out, shown);
    buffer_add_literal(out, "…");
}
