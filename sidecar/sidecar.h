/* SPDX-License-Identifier: MIT */
/* The sidecar as a whole: builds its parts in order, serves until it is told to stop, drains, frees
 * in reverse. */
#pragma once

#include "base/status.h"
#include "config/config.h"

/* Serves until SIGTERM, SIGINT or an order on the admin port, and until the calls under way have
 * ended or
 * --drain-timeout has passed. False, with a sentence, when it could not start. Main thread, once.
 */
must_use bool sidecar_run(const struct config *config, struct status *status);
