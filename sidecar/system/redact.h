/* SPDX-License-Identifier: MIT */
/*
 * Removes secrets from texts that others see: any 24 bytes of one in a row, or all of a shorter one
 * from 8 bytes on, as they are or escaped as base/unescape.h says, up to three times one upon the
 * other. For texts that the upstream had a part in, of failures: it costs a few microseconds. Any
 * thread.
 */
#pragma once

#include "base/text.h"
#include "system/secret_list.h"

/* Longer texts are to be cut before. */
#define REDACT_BYTES 1024

/* Puts REDACTED in place of each stretch that repeats a secret of the list, which may be NULL, and
 * returns the size of the rest, which is not larger. `size` is at most REDACT_BYTES. */
size_t redact(struct secret_list *secrets, char *data, size_t size);

/* Not longer than the shortest secret that is removed. */
#define REDACTED "[secret]"
