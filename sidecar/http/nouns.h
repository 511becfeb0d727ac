/* SPDX-License-Identifier: MIT */
/*
 * The nouns of HTTP that layers share: a request to be sent, a response that was read. They are
 * views of memory that somebody else owns, usually a call's arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct http_field {
    struct text name, value;
    bool is_checked; /* name and value are constants, or were found legal where they came from */
    bool is_secret;  /* the value is not copied before it is sent */
};

/* More fields than any request of ours has: ours, the credential's, the caller's trace context. */
#define HTTP_REQUEST_FIELDS 32

struct http_request {
    struct text method; /* "POST" */
    struct text target; /* origin-form, RFC 9112 section 3.2.1: "/v2/…?limit=1" */
    struct http_field fields[HTTP_REQUEST_FIELDS]; /* without Host and Content-Length */
    size_t field_count;
    struct text body;
    bool has_body; /* a Content-Length is sent, also when the body is empty */
};

struct http_response {
    unsigned status; /* 200 to 599 */
    const struct http_field *fields;
    size_t field_count;
    struct text body;
};

/* The value of the first field of that name, compared without case; {NULL, 0} when there is none.
 */
static inline struct text http_response_field(const struct http_response *response,
                                              struct text name)
{
    for (size_t i = 0; i < response->field_count; i++)
        if (text_equal_nocase(response->fields[i].name, name))
            return response->fields[i].value;
    return (struct text){NULL, 0};
}

/* The seconds since 1970 of an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7;
 * its two obsolete forms are not read). */
must_use bool http_date(struct text text, int64_t *seconds);
