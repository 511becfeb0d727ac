/* SPDX-License-Identifier: MIT */
/*
 * x-forwarded-client-cert, by which Envoy and its like say whose certificate they verified
 * (envoyproxy.io, "HTTP header manipulation"): elements, with commas between, of pairs Key=Value,
 * with semicolons between; a value may stand in quotes. Pure; any thread.
 */
#pragma once

#include "server/access.h"

/*
 * The URI and DNS names of the last element, which the proxy nearest to us has added, as views of
 * the header. False when any of it is written otherwise.
 */
must_use bool xfcc_read(struct text header, struct identity names[IDENTITY_MOST], size_t *count);
