/* SPDX-License-Identifier: MIT */
/*
 * The grammar of HTTP/1.1's lines, without any memory of its own: results are views of the
 * line. Lines come without the line break that ended them. The first two functions are on every
 * call's way and look at each byte of a large credential, so they are written to be fast. Pure; any
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "http/nouns.h"

/* RFC 9110 section 5.6.2: one or more tchar, as in a method or a field's name. */
bool http1_is_token(struct text text);

/* The bytes of RFC 9110 section 5.5's field-value, which may be none: visible ones, those above
 * 0x7f, space and tab. */
bool http1_is_field_value(struct text text);

/* Every status line begins with it; it decides that this is HTTP, version 1. */
#define HTTP1_START "HTTP/1."

/*
 * The rest of a status line behind HTTP1_START (RFC 9112 section 4): "1 200 OK". The space in front
 * of an absent reason may be absent too: servers do that, and nothing is ambiguous. The code is 100
 * to 599.
 */
must_use bool http1_read_status_line(struct text line, unsigned *minor_version, unsigned *code,
                                     struct status *status);

/* A field line (RFC 9112 section 5), its value without the whitespace around it. A line that
 * continues the one before (obs-fold) is refused, and so is whitespace in front of the colon. */
must_use bool http1_read_field_line(struct text line, struct http_field *field,
                                    struct status *status);

/* The line in front of a chunk (RFC 9112 section 7.1): at most HTTP1_CHUNK_DIGITS digits, and
 * extensions, which are ignored; `extension_bytes` is their size. */
#define HTTP1_CHUNK_DIGITS 16
must_use bool http1_read_chunk_line(struct text line, uint64_t *size, size_t *extension_bytes,
                                    struct status *status);

/* The fields of a response that delimit its body and limit the use of its connection. */
struct http1_framing {
    bool has_length, chunked, close, keep_alive;
    bool has_idle_limit;
    uint64_t length;
    uint64_t idle_limit_s; /* the connection is closed when it has been idle for that long */
};

/*
 * Takes note of Content-Length, Transfer-Encoding, Connection and Keep-Alive (its timeout, RFC 2068
 * section 19.7.1.1; a malformed one is ignored), and ignores all other fields. Refused: a
 * Content-Length that is not a number alone, or that differs from an earlier one; identical ones
 * are taken as one, which RFC 9110 section 8.6 allows, since they leave no doubt. Every transfer
 * coding but one "chunked".
 */
must_use bool http1_note_framing(const struct http_field *field, struct http1_framing *framing,
                                 struct status *status);
