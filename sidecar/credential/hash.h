/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, and HMAC-SHA-256 with one key, by OpenSSL, whose contexts are made once and used again.
 * OpenSSL keeps the key in memory of its own and overwrites it when the hasher is freed. One thread
 * at a time.
 */
#pragma once

#include "base/status.h"
#include "base/text.h"

/* A hash in lower-case hexadecimal, without a terminator. */
#define HASH_HEX_BYTES 64

struct hasher;

/* `key` is not empty and is copied. INTERNAL when OpenSSL does not provide the algorithms. */
must_use bool hasher_new(struct text key, struct hasher **hasher, struct status *status);
void hasher_free(struct hasher *hasher); /* NULL is allowed */

/* SHA-256 of all that is added between begin and end. */
void hasher_begin(struct hasher *hasher);
void hasher_add(struct hasher *hasher, struct text text);
void hasher_add_char(struct hasher *hasher, char c);
void hasher_end(struct hasher *hasher, char hex[HASH_HEX_BYTES]);

/* SHA-256 of one text. */
void hasher_hash(struct hasher *hasher, struct text text, char hex[HASH_HEX_BYTES]);

/* HMAC-SHA-256 of one text (RFC 2104). */
void hasher_authenticate(struct hasher *hasher, struct text text, char hex[HASH_HEX_BYTES]);
