/* SPDX-License-Identifier: MIT */
/* The bytes of an HTTP/1.1 request (RFC 9112). No output happens here. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "http/bytes.h"
#include "http/nouns.h"

/*
 * The whole request: request line, Host, the request's fields, Content-Length, body. All but the
 * values of secret fields is written to one block of exactly its size; those values are parts that
 * lie where they did, and there may be HTTP_BYTES_SECRETS of them. INVALID_ARGUMENT when method,
 * target, host, a field's name or value holds what RFC 9110 section 5.5 and RFC 9112 section 3 do
 * not allow (nothing of a caller's can add a line), and for a field that is written here: Host,
 * Content-Length, Transfer-Encoding. Fields that are checked already are not looked at again.
 * RESOURCE_EXHAUSTED when the arena is full. A field's value never stands in a message.
 */
must_use bool http1_request(const struct http_request *request, struct text host,
                            struct arena *arena, struct http_bytes *bytes, struct status *status);
