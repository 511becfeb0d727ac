/* SPDX-License-Identifier: MIT */
/* One HTTP request to a port of a running sidecar's, --monitor or --admin, without C-core. One
 * thread. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

struct local_http_response {
    unsigned status;  /* HTTP's */
    struct text body; /* in the arena; any bytes */
};

/*
 * Asks, and waits for the answer until then, of clock_now_ns. An address that means "all" is
 * dialled on loopback. FAILED_PRECONDITION when nobody listens there, DEADLINE_EXCEEDED when no
 * answer comes in time, INTERNAL when it is none or is larger than any page of ours.
 */
must_use bool local_http(const struct address *at, const char *method, const char *path,
                         int64_t until_ns, struct arena *arena,
                         struct local_http_response *response, struct status *status);
