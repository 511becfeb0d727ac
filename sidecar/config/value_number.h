/* SPDX-License-Identifier: MIT */
/* Between value.c and the kinds with units. Pure; any thread. */
#pragma once

#include "config/option.h"

/* "1ms to 24h", of an option whose kind has units. */
void value_write_range(const struct option *option, struct buffer *out);
