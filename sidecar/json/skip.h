/* SPDX-License-Identifier: MIT */
/* Skipping of values. For the files of this folder. Pure; a source is used by one thread at a time.
 */
#pragma once

#include "json/tokens.h"

/* Takes one value of any kind, checks it in the same way as a value that is read, and drops it.
 * Fails as broken. */
must_use bool json_skip(struct json_source *source);
