/* SPDX-License-Identifier: MIT */
/*
 * Authorization of callers: whether --allow-callers lists one of the names with which a caller has
 * authenticated. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct identity {
    enum caller_kind kind;
    struct text name; /* may have any bytes */
};

/* Names of a certificate beyond these, more than certificates have, are ignored. */
#define IDENTITY_MOST 16

/*
 * True when `callers` is NULL, or when one of its patterns matches one of the names as a whole. "*"
 * matches one or more characters that are legal in such a name, but not "/" of a URI and not "." of
 * a DNS name; any other character matches itself, in DNS names without regard to case. A name
 * longer than 2048 bytes, the longest of SPIFFE, matches nothing.
 */
bool access_allows(const struct config_caller *callers, const struct identity *names, size_t count);

/* The name to show: the first legal one, URIs before DNS names; empty when there is none. */
struct text access_shown(const struct identity *names, size_t count);
