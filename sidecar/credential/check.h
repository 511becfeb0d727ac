/* SPDX-License-Identifier: MIT */
/* The check of the credential for the command `check`: one real fetch. The calling thread. */
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "config/config.h"

/* Gets the credential that the options name without using it, and describes it. UNAVAILABLE, with
 * the source and the reason, when there is none. It may take as long as the source's hosts do. */
must_use bool credential_check(const struct config *config, struct buffer *summary,
                               struct status *status);
