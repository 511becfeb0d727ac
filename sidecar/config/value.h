/* SPDX-License-Identifier: MIT */
/* The kinds of values, and values of any kind. Pure; one thread for each struct that is set. */
#pragma once

#include "base/clock.h"
#include "base/compiler.h"
#include "base/status.h"
#include "config/option.h"

/* Bounds of durations. */
#define VALUE_MS ((uint64_t)CLOCK_NS_PER_MS)
#define VALUE_SECOND ((uint64_t)CLOCK_NS_PER_S)
#define VALUE_HOUR (3600 * VALUE_SECOND)
#define VALUE_DAY (24 * VALUE_HOUR)

/* The member's type stands behind the kind. */
extern const struct value_kind value_count;    /* uint64_t */
extern const struct value_kind value_size;     /* uint64_t, bytes: 4096, 64KiB, 1MiB, 1GiB */
extern const struct value_kind value_duration; /* int64_t, ns: 500ms, 30s, 2m, 1h */
extern const struct value_kind value_rate;     /* struct config_rate: 5, 0.5/s, 200/5m */
extern const struct value_kind value_share;    /* double, 0 to 1 */

extern const struct value_kind value_switch;     /* bool: --flag, --flag=true, --flag=false */
extern const struct value_kind value_log_level;  /* enum log_level */
extern const struct value_kind value_log_format; /* enum log_format */

extern const struct value_kind value_text;     /* const char *, NULL without; so are the next */
extern const struct value_kind value_file;     /* the path of a file, which is not opened */
extern const struct value_kind value_folder;   /* the path of a folder; the same */
extern const struct value_kind value_upstream; /* a URL of https, without a slash at its end */
extern const struct value_kind value_proxy;    /* a URL of http */
extern const struct value_kind value_node;     /* a URL of http of a service of this node */
extern const struct value_kind value_region;   /* the name of a region */

extern const struct value_kind value_address;       /* struct address */
extern const struct value_kind value_local_address; /* the same, loopback or Unix socket only */
extern const struct value_kind value_listeners;     /* listen of struct config */
extern const struct value_kind value_methods;       /* const struct text_list *, NULL without */
extern const struct value_kind value_callers;       /* const struct config_caller *, NULL without */

/* Sets the member from a value that is not empty; a list is added to. INVALID_ARGUMENT says what is
 * allowed; a list may then hold a part of the value. Strings are copied into `owned`. */
must_use bool value_read(const struct option *option, const char *written, void *member,
                         struct arena *owned, struct status *status);

/* Writes the option's allowed values, for people: "1ms to 24h", "false or true". */
void value_allowed(const struct option *option, struct buffer *out);

/* The form of a written value that fits a message of one line: cut when it is long, control
 * characters as "?", and nothing of a value that may hold a password. */
struct text value_shown(struct text written, struct arena *arena);
