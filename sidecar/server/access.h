/* SPDX-License-Identifier: MIT */
/*
 * Who may call: the names that a caller has proved to have, and whether --allow-callers lists one
 * of them. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct identity {
    enum caller_kind kind;
    struct text name; /* any bytes */
};

/* More names than anybody's certificate has; others are not looked at. */
#define IDENTITY_MOST 16

/*
 * True when `callers` is NULL, or one of its patterns matches one of the names as a whole. "*" is
 * one or more characters that such a name may have, but no "/" of a URI and no "." of a DNS name;
 * all else stands for itself, in DNS names without case. Names longer than 2048 bytes, the longest
 * of SPIFFE, match nothing.
 */
bool access_allows(const struct config_caller *callers, const struct identity *names, size_t count);

/* The name to show: the first that is legal, URIs before DNS names; empty when none is. */
struct text access_shown(const struct identity *names, size_t count);
