/* SPDX-License-Identifier: MIT */
/* One HTTP request to a port of a running sidecar, --monitor or --admin, without C-core. One
 * thread. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/text.h"
#include "http/nouns.h"
#include "system/address.h"

/* Time for one response; a sidecar responds within a millisecond. */
#define LOCAL_HTTP_RESPONSE_NS (2 * CLOCK_NS_PER_S)

/* Refuses port 0 of `option`, because the port that it stands for is not known. INVALID_ARGUMENT.
 */
must_use bool local_http_has_port(const struct address *address, const char *option,
                                  struct status *status);

/* The host to connect to: loopback for a server that listens on all addresses. */
const char *local_http_host(const char *host);

struct local_request {
    const struct address *address; /* 0.0.0.0 and :: are reached on loopback */
    const char *method, *path;
    int64_t until_ns; /* of clock_now_ns: the end of the time for the response */
};

/*
 * Sends a request and waits for the response. FAILED_PRECONDITION when nothing listens there,
 * DEADLINE_EXCEEDED when no response comes in time, INTERNAL when it is not HTTP or is larger than
 * any response of a sidecar. The response is in the arena.
 */
must_use bool local_http(const struct local_request *request, struct arena *arena,
                         struct http_response *response, struct status *status);

/* Does the same and returns the first line of the body. The same errors, and UNAVAILABLE with that
 * line when the status is not 200. */
must_use bool local_http_line(const struct local_request *request, struct arena *arena,
                              struct text *line, struct status *status);
