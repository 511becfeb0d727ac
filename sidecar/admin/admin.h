/* SPDX-License-Identifier: MIT */
/* The admin port, on loopback or a Unix socket of its owner (0600): GET /config, POST
 * /quitquitquit, PUT /log-level. Requests of web pages are refused with 403. The main thread. */
#pragma once

#include <event2/event.h>

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

struct admin;

struct admin_actions {
    void (*drain)(void *context); /* may be called more than once */
    void (*write_config)(struct buffer *out, void *context);
    void *context;
};

/* FAILED_PRECONDITION when the address cannot be listened on. `address` must outlive it. */
must_use bool admin_open(const struct address *address, struct event_base *loop,
                         const struct admin_actions *actions, struct admin **admin,
                         struct status *status);
void admin_free(struct admin *admin); /* NULL is allowed */

const char *admin_address(const struct admin *admin);
