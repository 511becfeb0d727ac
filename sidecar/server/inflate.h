/* SPDX-License-Identifier: MIT */
/* Compressed request messages. Pure; any thread. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

/* As inflate_text, with messages about a request message; RESOURCE_EXHAUSTED names --max-message.
 */
must_use bool inflate_message(struct text packed, size_t most, struct arena *arena,
                              struct text *plain, struct status *status);
