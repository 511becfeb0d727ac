/* SPDX-License-Identifier: MIT */
/* One call after the other through the HTTP/2 guard, as between a gRPC client and C-core. */
#pragma once

#include <stdint.h>

struct guard_calls;

/* A connection that is open, with the client's header table as it is after some calls. */
struct guard_calls *guard_calls_new(void);
void guard_calls_free(struct guard_calls *calls);

/* A request with a message goes to C-core, a response with a message and a status comes back. */
void guard_calls_run(struct guard_calls *calls);
