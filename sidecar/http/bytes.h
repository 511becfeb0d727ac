/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a request that is ready to be sent, in several parts, so that a secret is not copied
 * before it is sent. The parts belong to others: the block that http1_request wrote, and the holder
 * of the credential. Pure; any thread.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

/* The most that a request has: the security token and the signature of an access key. */
#define HTTP_BYTES_SECRETS 2

/* A part in front of each secret, the secret, and one part behind the last. */
#define HTTP_BYTES_PARTS (2 * HTTP_BYTES_SECRETS + 1)

struct http_bytes {
    struct text parts[HTTP_BYTES_PARTS];
    size_t count;
    size_t size; /* of all parts */
};

/* Adds a part at the end; there may be HTTP_BYTES_PARTS. */
void http_bytes_add(struct http_bytes *bytes, struct text part);

/* Copies at most `room` bytes to `at`, from byte `from` on. Returns how many, 0 at the end. */
size_t http_bytes_copy(const struct http_bytes *bytes, size_t from, char *at, size_t room);
