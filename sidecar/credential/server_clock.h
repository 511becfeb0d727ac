/* SPDX-License-Identifier: MIT */
/* The difference between the server's clock and ours, learned from its responses. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "http/nouns.h"

/* A smaller difference is not corrected: signatures may be 15 minutes off. */
#define SERVER_CLOCK_LEAST_NS (60 * CLOCK_NS_PER_S)

/* A larger one is taken for a fault of the server. */
#define SERVER_CLOCK_MOST_NS (86400 * CLOCK_NS_PER_S)

/*
 * Reads Date of a response whose request was sent `ago_ns` before `now_ns`, of the calendar; the
 * server is taken to have written it half way between (RFC 5905 section 8). The offset is 0 when
 * it is less than SERVER_CLOCK_LEAST_NS, so that it also goes back. False, with `offset_ns`
 * untouched, without a Date, with an Age, since a cache then has kept it, and for a difference
 * above SERVER_CLOCK_MOST_NS.
 */
must_use bool server_clock_offset(const struct http_response *response, int64_t ago_ns,
                                  int64_t now_ns, int64_t *offset_ns);
