/* SPDX-License-Identifier: MIT */
/* Options' values as they are written, by kind. Pure; one thread for each config. */
#pragma once

#include "config/options.h"

/* Sets the option's member from what was written, which is not empty; addresses of a list are added
 * to those that are there. Strings are copied into `owned`. INVALID_ARGUMENT says what is allowed.
 */
must_use bool value_read(const struct option *option, const char *written, struct config *config,
                         struct arena *owned, struct status *status);

/* Writes the member as it would be written; "-" for none. */
void value_write(const struct option *option, const struct config *config, struct buffer *out);

/* What may be written, for messages: "1ms to 24h", "true or false". */
void value_allowed(const struct option *option, struct buffer *out);

/* What was written, for a message of one line: cut when it is long, control characters as "?", and
 * nothing of what may hold a password. */
struct text value_shown(struct text written, struct arena *arena);
