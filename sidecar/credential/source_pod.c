/* SPDX-License-Identifier: MIT */
#include "credential/source_pod.h"

#include <stdlib.h>

#include "base/memory.h"
#include "credential/iam.h"

#include "base/banned.h"

/* A service account token has one or two kilobytes. */
#define POD_TOKEN_BYTES 32768

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    struct text token;
    if (!source_read_file(fetch, source->files[0], POD_TOKEN_BYTES, &token))
        return SOURCE_FAILED;
    source_hide(fetch, token);
    source_request(fetch, SOURCE_NODE, "POST", (struct text){NULL, 0});
    /* As the vendor's SDKs send it (Python from 3.1.190 on): without "Bearer". */
    source_add_field(fetch, "Authorization", token);
    source_set_body(fetch, text_literal("{}"));
    return SOURCE_SEND;
}

static enum source_next answered(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    (void)source;
    return iam_take_key(fetch, response);
}

static const struct source_kind kind = {
    .name = "pod identity",
    .option = "pod-identity",
    .metric = METRIC_ISSUER_POD_IDENTITY,
    .begin = begin,
    .answered = answered,
};

struct source *source_pod_open(const char *url, const char *token_file)
{
    struct source *source = memory_expect(calloc(1, sizeof *source));
    *source = (struct source){
        .kind = &kind, .place = url, .urls[SOURCE_NODE] = url, .files = {token_file}};
    return source;
}
