/* SPDX-License-Identifier: MIT */
/*
 * What an unsuccessful answer says, apart from what it means: the bodies of the service, the
 * gateway in front of it, IAM, and of whatever stands in between. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "http/nouns.h"

/* The title of nginx' page for a header that is too large, whose HTTP status is 400. */
#define FAULT_HEADER_PAGE "Request Header Or Cookie Too Large"

/* Copies in the arena; empty is "not there". Short, of plain characters, and without the secret. */
struct fault_body {
    struct text code;          /* "APIG.3201" */
    struct text message;       /* one line of UTF-8, cut */
    struct text request_id;    /* of the header or the body */
    struct text field;         /* that the message blames */
    struct text location_host; /* of a redirect */
    int64_t wait_ms;           /* of Retry-After; 0: none, or at once */
    int64_t window_ms;         /* of a throttling text; 0: none */
    bool turned_away; /* the server says that it did not take the request on: Retry-After, Envoy's
                         x-envoy-overloaded or x-envoy-ratelimited */
    bool is_header_page;
};

/* The header's request id alone, of any answer, which it is a view of. */
struct text fault_body_request_id(const struct http_response *response, struct text secret);

/* There is always a result: a body that is no JSON says nothing. `scratch` has what is only needed
 * for reading, as much as the answer makes it; when it is full, what was found so far counts. */
void fault_body_read(const struct http_response *response, struct text secret,
                     struct arena *scratch, struct arena *arena, struct fault_body *body);
