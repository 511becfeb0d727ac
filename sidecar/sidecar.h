/* SPDX-License-Identifier: MIT */
/* The sidecar as a whole: builds its parts in order, runs the main loop until the drain has ended,
 * and frees the parts in reverse order. */
#pragma once

#include "base/status.h"
#include "config/config.h"

/* Serves until a signal or the admin port starts the drain and that has ended. `revision` is git's,
 * for a metric; "" when the build did not know it. False, with `status` filled, when it could not
 * start. Logs a failure of the main loop and ends the process with 1. The main thread, once. */
must_use bool sidecar_run(const struct config *config, const char *revision, struct status *status);
