/* SPDX-License-Identifier: MIT */
/* The parts that sources have in common which ask IAM. Pure; the source's thread. */
#pragma once

#include "base/text.h"
#include "credential/source.h"

/* Where IAM is, and the project that the credential is for. */
struct iam_place {
    const char *iam_url, *sts_url; /* "https://host[:port]" */
    const char *project_id;        /* NULL: the project of the region's name */
    const char *region;            /* not NULL without project_id */
    int64_t lifetime_ns;           /* to ask for when an agency is assumed; 0: the usual one */
};

/* The lifetime of a key of STS that every agency allows, and that a temporary key may ask for at
 * most; that of a key of IAM that is asked for, as the vendor's SDKs do; the longest of either. */
#define IAM_STS_USUAL_S 3600
#define IAM_USUAL_S 21600
#define IAM_LONGEST_S 86400

/* That lifetime in seconds, as text: `usual_s` when it is not given, and at most `most_s`. */
struct text iam_lifetime(const struct iam_place *place, int64_t usual_s, int64_t most_s,
                         struct arena *arena);

/* The member of a scope that names the project: "id" or "name", and its value. */
struct text iam_scope_member(const struct iam_place *place);
struct text iam_scope_value(const struct iam_place *place);

/* Posts a document, as document_write makes it, to a path of a host. */
enum source_next iam_post(struct source_fetch *fetch, enum source_host host, const char *path,
                          const char *form, const struct text texts[]);

/* Signs the request of the fetch, which is for that URL, with the key that was issued so far. */
enum source_next iam_sign(struct source_fetch *fetch, const char *url);

/* Takes a response that issues a token, whatever its status is. */
enum source_next iam_take_token(struct source_fetch *fetch, const struct http_response *response);

/* Takes one that issues a temporary key, which belongs to no project yet. */
enum source_next iam_take_key(struct source_fetch *fetch, const struct http_response *response);

/* Chooses the fault after a response that refuses what was issued by `source` so far. A request
 * that was signed with a wrong time is made again soon; a mounted key is not, because a few
 * failures lock it. */
void iam_judge_refusal(struct source_fetch *fetch, const struct http_response *response,
                       const struct source *source);
