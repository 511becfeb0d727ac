/* SPDX-License-Identifier: MIT */
/*
 * The canonical form of a request that SDK-HMAC-SHA256 signs: the target decoded and encoded again
 * in one way, the query sorted, and the signed fields. It is hashed while it is made, so that no
 * copy of it remains, which would have the security token in it. Pure; the hasher's thread.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "credential/hash.h"
#include "http/nouns.h"

/* A field as it is signed: its name in lower case, its value without blanks at its ends. */
struct canonical_field {
    struct text name, value;
};

/* The signed fields in the order of their names. */
struct canonical_fields {
    const struct canonical_field *fields;
    size_t count;
};

/* Adds the names, separated by semicolons. */
void canonical_names(const struct canonical_fields *fields, struct buffer *out);

/*
 * Hashes the canonical form of the request (huaweicloud-sdk-go-v3 core/auth/signer/signer.go;
 * support.huaweicloud.com devg-apisign/api-sign-algorithm-001). The path is decoded before it is
 * encoded, a path without a slash at its end gets one, and parameters are sorted by their decoded
 * names and values. RESOURCE_EXHAUSTED when the arena has no room for the parameters.
 */
must_use bool canonical_request_hash(const struct http_request *request,
                                     const struct canonical_fields *fields, struct arena *arena,
                                     struct hasher *hasher, char hex[HASH_HEX_BYTES],
                                     struct status *status);
