/* SPDX-License-Identifier: MIT */
/* Tables of documents that the JSON reader accepts or refuses, for the messages of
 * protos/types.proto. Include cmocka.h first. */
#pragma once

#include <stdio.h>

#include "json_exchange.h"
#include "types.h"

static const struct json_read_options lenient, strict = {.strict = true};

/* A document and what the writer makes of what was read; NULL when that is the document again. */
struct good {
    const char *type, *json, *written;
};

static inline void must_become_all(const struct good *rows, size_t count,
                                   const struct json_read_options *options)
{
    for (size_t i = 0; i < count; i++)
        must_become(sets_type(&sets, rows[i].type), rows[i].json, options,
                    rows[i].written ? rows[i].written : rows[i].json);
}

/* A document, and a part of the message with which the reader refuses it. */
struct bad {
    const char *type, *json, *why;
};

static inline void must_refuse_all(const struct bad *rows, size_t count,
                                   const struct json_read_options *options)
{
    for (size_t i = 0; i < count; i++)
        must_refuse(sets_type(&sets, rows[i].type), text_of(rows[i].json), options, rows[i].why);
}

/* The paths of the members that could not be read, each with a semicolon after it. */
struct report {
    char paths[512];
    size_t count;
};

static inline void note(struct text path, const struct status *why, void *context)
{
    struct report *report = context;
    size_t at = strlen(report->paths);
    assert_int_equal(why->code, STATUS_INVALID_ARGUMENT);
    snprintf(report->paths + at, sizeof report->paths - at, "%.*s;", text_arguments(path));
    report->count++;
}
