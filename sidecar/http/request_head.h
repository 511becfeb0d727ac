/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1 request, read strictly (RFC 9112). Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Views of the head that it was read from. */
struct http_head {
    struct text method, path, query; /* "GET", "/readyz", "verbose" */
    /* Values of the first field of each name; `data` is NULL when there is none. */
    struct text accept, host, origin, sec_fetch_site;
    size_t body_bytes;
    bool has_length;  /* a Content-Length was there */
    struct text body; /* empty here: whoever waits for it fills it in */
};

/*
 * Reads the head, its empty line included. 0, or the HTTP status to refuse it
 * with: 400 when it is malformed, has two Hosts or is not in origin-form, 411 when the body comes
 * in chunks, 505 when it is not HTTP/1.
 */
must_use unsigned http_head_read(struct text bytes, struct http_head *head);

/* Whether its Accept names that media type (RFC 9110 section 12.5.1), in that version or without
 * one. Ranges such as "*" name none. */
bool http_head_accepts(const struct http_head *head, struct text media_type, struct text version);
