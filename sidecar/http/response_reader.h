/* SPDX-License-Identifier: MIT */
/*
 * A strict reader of one HTTP/1.1 response (RFC 9112) that may arrive in any pieces. No input
 * happens here. Pure; one thread at a time for each reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "http/nouns.h"

struct http1_limits {
    size_t head_bytes;  /* status line and fields of one response, interim ones counted apart */
    size_t field_count; /* fields, and again trailers */
    size_t body_bytes;
    size_t interim; /* 1xx responses before the final one */
};

enum http1_progress {
    HTTP1_MORE,     /* the response is not complete */
    HTTP1_COMPLETE, /* the response is complete; bytes behind it, if any, were not consumed */
    HTTP1_BROKEN,   /* the bytes are not a response, or pass a limit: the status says which */
};

/* Why a response is broken, for callers that treat the causes differently. */
enum http1_fault {
    HTTP1_FAULT_NONE,
    HTTP1_FAULT_MALFORMED,      /* the end of the stream within a response included */
    HTTP1_FAULT_HEAD_TOO_LARGE, /* or trailers, or chunk extensions; in bytes or fields */
    HTTP1_FAULT_BODY_TOO_LARGE,
    HTTP1_FAULT_ARENA_FULL,
};

/*
 * One response being read. An error of RFC 9112 is refused, and so is a deviation that it
 * lets a reader forgive, unless nothing can be misunderstood: bare line feeds, folded fields,
 * whitespace in front of a colon, Content-Length together with Transfer-Encoding, transfer codings
 * but chunked, HTTP/1.0 with chunks. Forgiven: identical Content-Length fields, a missing space
 * before a missing reason.
 */
struct http1_reader;

/* A reader in the arena, where the response's head and body are copied to; NULL when it is full.
 * `head_request`: the request was a HEAD, whose response has no body. */
must_use struct http1_reader *
http1_reader_new(struct arena *arena, const struct http1_limits *limits, bool head_request);

/*
 * Reads on. `consumed` says how many of the bytes belong to this response: all of them after MORE.
 * A broken response sets `status`, whose code is always UNKNOWN, since what the upstream did stays
 * unknown, and leaves `consumed` alone. The result does not depend on how the stream is cut into
 * pieces, as long as the arena is not full. After COMPLETE or BROKEN it must not be called again.
 */
must_use enum http1_progress http1_reader_feed(struct http1_reader *reader, struct text piece,
                                               size_t *consumed, struct status *status);

/*
 * The peer ended the stream: COMPLETE when that is what delimits this response's body (RFC 9112
 * section 6.3), BROKEN otherwise. To be called at most once, while there is MORE to come.
 */
must_use enum http1_progress http1_reader_end(struct http1_reader *reader, struct status *status);

/*
 * The stream broke, or ended without saying so. As http1_reader_end, but COMPLETE only when the
 * response is of HTTP/1.0, whose servers often close without a word, and its body is a JSON object
 * or array with its closing bracket: then nothing of it can be missing.
 */
must_use enum http1_progress http1_reader_cut(struct http1_reader *reader, struct status *status);

/* The response, once complete; its memory is the arena's. */
struct http_response http1_reader_response(const struct http1_reader *reader);

/* The HTTP status as soon as the final status line was read, else 0: also of a response that then
 * broke. */
unsigned http1_reader_status(const struct http1_reader *reader);

enum http1_fault http1_reader_fault(const struct http1_reader *reader);

/* True when the connection may carry another request after this complete response (RFC 9112
 * section 9.3). */
bool http1_reader_keeps_alive(const struct http1_reader *reader);

/* After how many seconds of idleness the peer closes the connection, as this complete response says
 * (Keep-Alive: timeout=N); UINT64_MAX when it does not. */
uint64_t http1_reader_idle_limit_s(const struct http1_reader *reader);

/* True when no byte of a response has been read. */
bool http1_reader_untouched(const struct http1_reader *reader);
