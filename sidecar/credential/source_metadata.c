/* SPDX-License-Identifier: MIT */
#include "credential/source_metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "credential/answer.h"

#include "base/banned.h"

/*
 * The vendor's documentation of metadata, ecs_02_0703, and its SDKs. The second version wants a
 * token with each request. Nodes without it respond to the request for one with 404, 405 or 503;
 * no response comes when the network between has a hop too many.
 */
#define METADATA_TOKEN_BYTES 4096

struct source_metadata {
    struct source source;
    size_t known_size;
    char known[ISSUED_PROJECT_BYTES]; /* of an earlier fetch: the project of the node */
};

enum step { STEP_TOKEN, STEP_KEY, STEP_PROJECT };

static enum source_next ask(struct source_fetch *fetch, enum step step, const char *target,
                            struct text token)
{
    fetch->step = step;
    source_request(fetch, SOURCE_NODE, "GET", text_of(target));
    if (token.size > 0)
        source_add_field(fetch, "X-Metadata-Token", token);
    return SOURCE_SEND;
}

static enum source_next ask_key(struct source_fetch *fetch, struct text token)
{
    return ask(fetch, STEP_KEY, "/openstack/latest/securitykey", token);
}

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    (void)source;
    fetch->step = STEP_TOKEN;
    source_request(fetch, SOURCE_NODE, "PUT", text_literal("/meta-data/latest/api/token"));
    source_add_field(fetch, "X-Metadata-Token-Ttl-Seconds", text_literal("21600"));
    source_set_body(fetch, (struct text){NULL, 0});
    return SOURCE_SEND;
}

static enum source_next take_token(struct source_fetch *fetch, const struct http_response *response)
{
    struct text token = text_trim(response->body);
    unsigned status = response->status;
    if (status == 404 || status == 405 || status == 503)
        return ask_key(fetch, (struct text){NULL, 0});
    if (status != 200)
        return source_refuse(fetch, response);
    if (token.size == 0 || token.size > METADATA_TOKEN_BYTES ||
        !text_consists_of(token, ascii_is_visible))
        return source_fail(fetch, SOURCE_PASSING, "the metadata service gave no token");
    source_hide(fetch, token);
    fetch->kept = token;
    return ask_key(fetch, token);
}

static bool is_without_agency(const struct http_response *response)
{
    static const struct text words = text_literal("configure Cloud Service Agency");
    return response->status == 401 && response->body.size > 0 &&
           memmem(response->body.data, response->body.size, words.data, words.size);
}

static enum source_next take_key(struct source_fetch *fetch, const struct http_response *response)
{
    if (is_without_agency(response))
        return source_fail(fetch, SOURCE_REFUSED,
                           "HTTP 401: the node has no agency; create one and choose it in the "
                           "node's settings");
    if (response->status != 200)
        return source_refuse(fetch, response);
    if (!answer_read_key(response, fetch->arena, &fetch->issued, &fetch->status))
        return SOURCE_FAILED;
    return ask(fetch, STEP_PROJECT, "/openstack/latest/meta_data.json", fetch->kept);
}

/* The key is good without a project, and the node stays in the one that it once was in. */
static enum source_next issue(struct source_metadata *metadata, struct source_fetch *fetch)
{
    struct text project = fetch->issued.project;
    if (project.size > 0) {
        memcpy(metadata->known, project.data, project.size);
        metadata->known_size = project.size;
    }
    fetch->issued.project = (struct text){metadata->known, metadata->known_size};
    return SOURCE_ISSUED;
}

static enum source_next take_project(struct source_metadata *metadata, struct source_fetch *fetch,
                                     const struct http_response *response)
{
    struct status ignored;
    if (response->status == 200)
        (void)!answer_read_node(response, fetch->arena, &fetch->issued.project, &ignored);
    return issue(metadata, fetch);
}

static enum source_next answered(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    if (fetch->step == STEP_PROJECT)
        return take_project((struct source_metadata *)source, fetch, response);
    return fetch->step == STEP_TOKEN ? take_token(fetch, response) : take_key(fetch, response);
}

static enum source_next unanswered(struct source *source, struct source_fetch *fetch)
{
    if (fetch->step == STEP_TOKEN)
        return ask_key(fetch, (struct text){NULL, 0});
    return fetch->step == STEP_PROJECT ? issue((struct source_metadata *)source, fetch)
                                       : SOURCE_FAILED;
}

static const struct source_kind kind = {
    .name = "metadata",
    .option = "metadata",
    .metric = METRIC_ISSUER_METADATA,
    .begin = begin,
    .answered = answered,
    .unanswered = unanswered,
    .gives_project = true,
};

struct source *source_metadata_open(const char *url)
{
    struct source_metadata *made = memory_expect(calloc(1, sizeof *made));
    made->source = (struct source){.kind = &kind, .place = url, .urls[SOURCE_NODE] = url};
    return &made->source;
}
