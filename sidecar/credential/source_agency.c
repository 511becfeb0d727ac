/* SPDX-License-Identifier: MIT */
#include "credential/source_agency.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/config.h"

#include "base/banned.h"

/* The ids of accounts. */
#define DOMAIN_ID_BYTES 32

struct source_agency {
    struct source source;
    struct source *inner;
    struct agency agency;
    struct iam_place iam;
    bool is_assuming; /* in the fetch under way */
};

static struct source_agency *of(struct source *source)
{
    return container_of(source, struct source_agency, source);
}

/* The new IAM: api-iam5/AssumeAgency. */
static enum source_next ask_sts(const struct source_agency *agency, struct source_fetch *fetch)
{
    static const char form[] =
        "{'agency_urn':$,'agency_session_name':'apig-sidecar','duration_seconds':#}";
    bool is_temporary = fetch->issued.security.size > 0;
    if (fetch->issued.kind != ISSUED_KEY)
        return source_fail(fetch, SOURCE_REFUSED, "STS assumes an agency for an access key only");
    struct text lifetime =
        iam_lifetime(&agency->iam, IAM_STS_USUAL_S, is_temporary ? IAM_STS_USUAL_S : IAM_LONGEST_S,
                     fetch->arena);
    enum source_next next = iam_post(fetch, SOURCE_STS, "/v5/agencies/assume", form,
                                     (const struct text[]){text_of(agency->agency.name), lifetime});
    return next == SOURCE_SEND ? iam_sign(fetch, agency->iam.sts_url) : next;
}

static bool is_id(struct text domain)
{
    return domain.size == DOMAIN_ID_BYTES && text_consists_of(domain, ascii_is_hex);
}

/* The old IAM: its documentation, "Obtaining a Temporary Access Key and Security Token Through an
 * Agency". Without a duration the key would live for a quarter of an hour. */
static enum source_next ask_iam(const struct source_agency *agency, struct source_fetch *fetch)
{
    static const char form[] = "{'auth':{'identity':{'methods':['assume_role'],'assume_role':"
                               "{'agency_name':$,$:$,'duration_seconds':#}}}}";
    struct text domain = text_of(agency->agency.domain);
    enum source_next next =
        iam_post(fetch, SOURCE_IAM, "/v3.0/OS-CREDENTIAL/securitytokens", form,
                 (const struct text[]){
                     text_of(agency->agency.name),
                     is_id(domain) ? text_literal("domain_id") : text_literal("domain_name"),
                     domain, iam_lifetime(&agency->iam, IAM_USUAL_S, IAM_LONGEST_S, fetch->arena)});
    if (next != SOURCE_SEND)
        return next;
    if (fetch->issued.kind == ISSUED_KEY)
        return iam_sign(fetch, agency->iam.iam_url);
    source_add_field(fetch, "X-Auth-Token", fetch->issued.token);
    return SOURCE_SEND;
}

/* Goes on with what the other source has said. */
static enum source_next follow_inner(struct source_agency *agency, struct source_fetch *fetch,
                                     enum source_next next)
{
    if (next != SOURCE_ISSUED)
        return next;
    source_hide_issued(fetch);
    agency->is_assuming = true;
    return config_is_urn(agency->agency.name) ? ask_sts(agency, fetch) : ask_iam(agency, fetch);
}

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    struct source_agency *agency = of(source);
    agency->is_assuming = false;
    return follow_inner(agency, fetch, agency->inner->kind->begin(agency->inner, fetch));
}

/* The project of the other source's credential may be one of another account. */
static enum source_next take_key(struct source_agency *agency, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    enum source_next next = iam_take_key(fetch, response);
    iam_judge_refusal(fetch, response, agency->inner);
    return next;
}

static enum source_next answered(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    struct source_agency *agency = of(source);
    if (agency->is_assuming)
        return take_key(agency, fetch, response);
    const struct source_kind *kind = agency->inner->kind;
    return follow_inner(agency, fetch, kind->answered(agency->inner, fetch, response));
}

static enum source_next unanswered(struct source *source, struct source_fetch *fetch)
{
    struct source_agency *agency = of(source);
    const struct source_kind *kind = agency->inner->kind;
    if (agency->is_assuming || !kind->unanswered)
        return SOURCE_FAILED;
    return follow_inner(agency, fetch, kind->unanswered(agency->inner, fetch));
}

static void clear(struct source *source)
{
    source_free(of(source)->inner);
}

static const struct source_kind kind = {
    .name = "agency",
    .option = "agency",
    .metric = METRIC_ISSUER_AGENCY,
    .begin = begin,
    .answered = answered,
    .unanswered = unanswered,
    .clear = clear,
};

struct source *source_agency_open(struct source *inner, const struct agency *agency,
                                  const struct iam_place *iam)
{
    struct source_agency *made = memory_expect(calloc(1, sizeof *made));
    bool is_new = config_is_urn(agency->name);
    *made = (struct source_agency){.inner = inner, .agency = *agency, .iam = *iam};
    made->source = (struct source){.kind = &kind, .place = is_new ? iam->sts_url : iam->iam_url};
    memcpy(made->source.urls, inner->urls, sizeof made->source.urls);
    memcpy(made->source.files, inner->files, sizeof made->source.files);
    made->source.urls[is_new ? SOURCE_STS : SOURCE_IAM] = is_new ? iam->sts_url : iam->iam_url;
    return &made->source;
}
