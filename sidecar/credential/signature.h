/* SPDX-License-Identifier: MIT */
/*
 * Signatures of requests with an access key: SDK-HMAC-SHA256, which APIG, IAM and STS accept. The
 * signature covers nothing that a proxy may rewrite, so that the server sees what was signed. A
 * key's secrets belong to whoever made it. Threads: any thread may sign with a key; its signatures
 * are made one after the other.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "http/nouns.h"

struct access_key {
    struct text id;             /* AK, which is not a secret: each request has it */
    struct text secret;         /* SK */
    struct text security_token; /* of a temporary key, else empty */
};

struct signing_key;

/* The texts of `access_key` must outlive the key; the id and the secret are not empty, and all of
 * them are legal in a field. INTERNAL when OpenSSL lacks the algorithms. */
must_use bool signing_key_new(const struct access_key *access_key, struct signing_key **key,
                              struct status *status);
void signing_key_free(struct signing_key *key); /* NULL is allowed; overwrites the secret */

/* The part of a signature that is not in the request. */
struct signature_scope {
    struct text host;       /* as the request's Host says it */
    struct text project_id; /* of the request; empty: the key's own project */
    int64_t seconds;        /* now, since 1970, by the server's clock: ±15 minutes are accepted */
};

/* The number of fields that a signature adds at most. */
#define SIGNATURE_FIELDS 4

/*
 * Adds X-Sdk-Date, X-Project-Id, X-Security-Token and Authorization to a request that is final in
 * all else. The signature covers method, target, body, Content-Type and Host, and the first three
 * of these fields. The fields are in the arena, and views of `scope` and of the key. INTERNAL when
 * the request has no room for them; RESOURCE_EXHAUSTED when the arena is full. The request is
 * unchanged then.
 */
must_use bool signature_add(struct signing_key *key, const struct signature_scope *scope,
                            struct arena *arena, struct http_request *request,
                            struct status *status);

/* The only copy of the signature that signature_add has just made: the end of Authorization, which
 * is the last field. It is a secret for as long as its time is accepted. */
struct text signature_of(const struct http_request *request);
