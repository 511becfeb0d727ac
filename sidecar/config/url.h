/* SPDX-License-Identifier: MIT */
/* Hosts, and the URLs that options name. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"

/*
 * Splits "host", "host:port" or "[IPv6]:port" into the host, without brackets, and the port's
 * digits, which are empty when there is no colon. A host is a name of letters, digits, hyphens and
 * underscores between dots, or an address; a name that ends in a number and is not an IPv4 address
 * ("127.1", "0x7f000001") is refused, because some programs read an address there and others a
 * name.
 */
must_use bool url_split_authority(struct text authority, struct text *host, struct text *port);

/* Reads "https://host[:port][/prefix]" without user, query and fragment, with a prefix without
 * empty, "." and ".." segments (RFC 3986 section 3.3). A host that is a name may end in a dot.
 * `url` has no slashes at its end. */
must_use bool url_is_upstream(struct text written, struct text *url);

/* True for "http://host:port". */
must_use bool url_is_proxy(struct text written);

/* True for "http://address[:port][/path]" with an address of loopback or link-local, which are this
 * machine or its host: nothing on the way can read along. `path` is the rest. */
must_use bool url_is_node(struct text written, struct text *path);

/* True for a name like "cn-north-4": lower-case letters, digits and hyphens, one label of a host's
 * name. */
must_use bool url_is_region(struct text written);

/* The public endpoint of a service ("apig", "iam", "sts") in a region, terminated; NULL when the
 * arena is full. */
must_use const char *url_of_service(const char *service, const char *region, struct arena *arena);
