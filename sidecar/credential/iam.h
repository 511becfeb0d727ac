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
};

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

/* Asks IAM for the project of the region's name, with a signature of the key that was issued, and
 * takes the response, whose one project becomes that of the credential. */
enum source_next iam_ask_project(struct source_fetch *fetch, const struct iam_place *place);
enum source_next iam_take_project(struct source_fetch *fetch, const struct iam_place *place,
                                  const struct http_response *response);

/* Takes one that issues a temporary key, which belongs to no project yet. */
enum source_next iam_take_key(struct source_fetch *fetch, const struct http_response *response);
