/* SPDX-License-Identifier: MIT */
/* Plays the rows against the guard alone. C-core's place is taken by nghttp2's server session, for
 * which everything that it gets has to be correct. */
#pragma once

#include "hostile_row.h"
#include "http2_peers.h"

/* Plays each row as a test, and again with the input cut into pieces, which must change nothing. */
int run_rows(const struct row *rows, size_t count);
