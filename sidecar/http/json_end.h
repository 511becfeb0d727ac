/* SPDX-License-Identifier: MIT */
/* Where a JSON text ends, for bodies that nothing else delimits. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "base/text.h"

/* True when the text is a JSON object or array up to its closing bracket, with nothing but
 * whitespace around it. No text that was cut off is (RFC 8259 section 2); whether it is well-formed
 * inside is left to its reader. */
bool json_is_closed(struct text text);
