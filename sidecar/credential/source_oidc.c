/* SPDX-License-Identifier: MIT */
#include "credential/source_oidc.h"

#include <stdlib.h>

#include "base/memory.h"
#include "config/config.h"
#include "credential/iam.h"

#include "base/banned.h"

/* The longest ID token that STS accepts. */
#define ID_TOKEN_BYTES 20000

struct source_oidc {
    struct source source;
    struct oidc_identity identity;
    struct iam_place iam;
};

/* The old IAM: its documentation, "Obtaining a Token with an OpenID Connect ID Token". */
static enum source_next ask_token(const struct source_oidc *oidc, struct source_fetch *fetch,
                                  struct text id_token)
{
    static const char form[] = "{'auth':{'id_token':{'id':$},'scope':{'project':{$:$}}}}";
    enum source_next next = iam_post(
        fetch, SOURCE_IAM, "/v3.0/OS-AUTH/id-token/tokens", form,
        (const struct text[]){id_token, iam_scope_member(&oidc->iam), iam_scope_value(&oidc->iam)});
    source_add_field(fetch, "X-Idp-Id", text_of(oidc->identity.provider));
    return next;
}

/* The new IAM: api-iam5/AssumeAgencyWithOIDC. */
static enum source_next ask_key(const struct source_oidc *oidc, struct source_fetch *fetch,
                                struct text id_token)
{
    static const char form[] = "{'provider_urn':$,'agency_urn':$,'agency_session_name':"
                               "'apig-sidecar','id_token':$,'duration_seconds':#}";
    return iam_post(fetch, SOURCE_STS, "/v5/agencies/assume-with-oidc", form,
                    (const struct text[]){
                        text_of(oidc->identity.provider), text_of(oidc->identity.agency), id_token,
                        iam_lifetime(&oidc->iam, IAM_STS_USUAL_S, IAM_LONGEST_S, fetch->arena)});
}

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    const struct source_oidc *oidc = (const struct source_oidc *)source;
    struct text id_token;
    if (!source_read_file(fetch, oidc->identity.token_file, ID_TOKEN_BYTES, &id_token))
        return SOURCE_FAILED;
    source_hide(fetch, id_token);
    return config_is_urn(oidc->identity.provider) ? ask_key(oidc, fetch, id_token)
                                                  : ask_token(oidc, fetch, id_token);
}

static enum source_next answered(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    const struct source_oidc *oidc = (const struct source_oidc *)source;
    return config_is_urn(oidc->identity.provider) ? iam_take_key(fetch, response)
                                                  : iam_take_token(fetch, response);
}

static const struct source_kind kind = {
    .name = "OIDC",
    .option = "oidc-token-file",
    .metric = METRIC_ISSUER_OIDC,
    .begin = begin,
    .answered = answered,
    .gives_project = true,
};

struct source *source_oidc_open(const struct oidc_identity *identity, const struct iam_place *iam)
{
    struct source_oidc *oidc = memory_expect(calloc(1, sizeof *oidc));
    bool is_new = config_is_urn(identity->provider);
    *oidc = (struct source_oidc){.identity = *identity, .iam = *iam};
    const char *url = is_new ? iam->sts_url : iam->iam_url;
    oidc->source = (struct source){.kind = &kind, .place = url, .files = {identity->token_file}};
    oidc->source.urls[is_new ? SOURCE_STS : SOURCE_IAM] = url;
    return &oidc->source;
}
