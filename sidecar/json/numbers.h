/* SPDX-License-Identifier: MIT */
/* Numbers as JSON writes them (RFC 8259 section 6). Between the parts of the JSON reader. Pure; any
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

/* Bytes of the number that begins at `at`; 0 when there is none. */
size_t json_number_bytes(const char *at, const char *end);

/* True when the text is a number and nothing else. */
bool json_is_number(struct text text);

/* The value of a number, which json_is_number, when it is whole and fits: "12", "-0", "1.0", "1e2".
 * Never by way of floating point. */
must_use bool json_to_i64(struct text number, int64_t *value);
must_use bool json_to_u64(struct text number, uint64_t *value);
