/* SPDX-License-Identifier: MIT */
/* The numbers of JSON (RFC 8259 section 6). For the files of this folder. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

/* Returns the size of the number that begins at `at`; 0 when no number begins there. */
size_t json_number_bytes(const char *at, const char *end);

/* True when the text is one number and nothing else. */
bool json_is_number(struct text text);

/* Reads a number, for which json_is_number is true, if it is whole and fits: "12", "-0", "1.0",
 * "1e2". Floating point is not used, so that no digit is lost. */
must_use bool json_to_i64(struct text number, int64_t *value);
must_use bool json_to_u64(struct text number, uint64_t *value);
