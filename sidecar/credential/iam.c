/* SPDX-License-Identifier: MIT */
#include "credential/iam.h"

#include "base/clock.h"
#include "credential/answer.h"
#include "credential/document.h"
#include "credential/signature.h"
#include "rest/fault.h"

#include "base/banned.h"

struct text iam_scope_member(const struct iam_place *place)
{
    return place->project_id ? text_literal("id") : text_literal("name");
}

struct text iam_scope_value(const struct iam_place *place)
{
    return text_of(place->project_id ? place->project_id : place->region);
}

struct text iam_lifetime(const struct iam_place *place, int64_t usual_s, int64_t most_s,
                         struct arena *arena)
{
    struct buffer seconds;
    int64_t asked_s = place->lifetime_ns ? place->lifetime_ns / CLOCK_NS_PER_S : usual_s;
    buffer_init(&seconds, arena, 0);
    buffer_add_i64(&seconds, asked_s < most_s ? asked_s : most_s);
    return buffer_text(&seconds);
}

enum source_next iam_post(struct source_fetch *fetch, enum source_host host, const char *path,
                          const char *form, const struct text texts[])
{
    struct text document = document_write(form, texts, fetch->arena);
    if (!document.data)
        return source_fail(fetch, SOURCE_REFUSED, "the request is too large");
    source_request(fetch, host, "POST", text_of(path));
    source_set_body(fetch, document);
    return SOURCE_SEND;
}

enum source_next iam_take_token(struct source_fetch *fetch, const struct http_response *response)
{
    if (!fault_is_success(response->status))
        return source_refuse(fetch, response);
    return answer_read_token(response, fetch->arena, &fetch->issued, &fetch->status)
               ? SOURCE_ISSUED
               : SOURCE_FAILED;
}

enum source_next iam_take_key(struct source_fetch *fetch, const struct http_response *response)
{
    if (!fault_is_success(response->status))
        return source_refuse(fetch, response);
    return answer_read_key(response, fetch->arena, &fetch->issued, &fetch->status) ? SOURCE_ISSUED
                                                                                   : SOURCE_FAILED;
}

static struct text authority_of(const char *url)
{
    struct text rest = text_of(url);
    (void)text_take_prefix(&rest, text_literal("https://"));
    return text_until(rest, '/');
}

enum source_next iam_sign(struct source_fetch *fetch, const char *url)
{
    struct signing_key *key;
    const struct access_key access_key = {fetch->issued.access, fetch->issued.secret,
                                          fetch->issued.security};
    const struct signature_scope scope = {.host = authority_of(url),
                                          .seconds = fetch->now_ns / CLOCK_NS_PER_S};
    if (!signing_key_new(&access_key, &key, &fetch->status))
        return SOURCE_FAILED;
    bool good = signature_add(key, &scope, fetch->arena, &fetch->request, &fetch->status);
    signing_key_free(key);
    if (!good)
        return SOURCE_FAILED;
    source_hide(fetch, signature_of(&fetch->request));
    return SOURCE_SEND;
}

void iam_judge_refusal(struct source_fetch *fetch, const struct http_response *response,
                       const struct source *source)
{
    bool is_mounted = !source->kind->answered;
    if (response->status != 401)
        return;
    if (fetch->had_wrong_time)
        fetch->fault = SOURCE_PASSING;
    else if (is_mounted)
        fetch->fault = SOURCE_COUNTS_TOWARDS_LOCK;
}
