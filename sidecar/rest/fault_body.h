/* SPDX-License-Identifier: MIT */
/*
 * Reading of the bodies of unsuccessful responses: of the service, the gateway in front of it, IAM,
 * and other servers on the path. Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "http/nouns.h"
#include "system/secret_list.h"

/* The title of the page of nginx for a header that is too large, which has HTTP status 400. */
#define FAULT_HEADER_PAGE "Request Header Or Cookie Too Large"

/* Longer waits are reduced to this one. */
#define FAULT_LONGEST_WAIT_MS INT64_C(3600000)

/* The content of a body, copied into the arena. A text is empty when the body does not have it; it
 * is short, of plain characters, and without secrets. */
struct fault_body {
    struct text code;          /* "APIG.3201" */
    struct text message;       /* one line of UTF-8, cut */
    struct text request_id;    /* of the header or the body */
    struct text field;         /* the request field that the message names */
    struct text location_host; /* of a redirect */
    int64_t wait_ms;           /* of Retry-After; 0: none, or at once */
    int64_t window_ms;         /* of a throttling text; 0: none */
    int64_t window_calls;      /* that it allows in that time; 0: not known */
    bool shed; /* the server says that it did not process the request: Retry-After, or Envoy's
                  x-envoy-overloaded or x-envoy-ratelimited */
    bool is_header_page;
};

/* Returns the request id of the header of any response, as a view of it. */
struct text fault_body_request_id(const struct http_response *response,
                                  struct secret_list *secrets);

/* Reads a body; a body that is not JSON has no members. `scratch` is for temporary data, whose size
 * depends on the response; when it is full, the members that were found so far count. `secrets` may
 * be NULL. */
void fault_body_read(const struct http_response *response, struct secret_list *secrets,
                     struct arena *scratch, struct arena *arena, struct fault_body *body);
