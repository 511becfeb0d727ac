/* SPDX-License-Identifier: MIT */
/*
 * x-forwarded-client-cert, by which Envoy and similar proxies name the certificate that they have
 * verified (envoyproxy.io, "HTTP header manipulation"): elements separated by commas, each a list
 * of pairs Key=Value separated by semicolons; a value may be quoted. Pure; any thread.
 */
#pragma once

#include "server/access.h"

/*
 * The URI and DNS names of the last element, which the proxy nearest to us has added, as views of
 * the header. False when the header is malformed.
 */
must_use bool xfcc_read(struct text header, struct identity names[IDENTITY_MOST], size_t *count);
