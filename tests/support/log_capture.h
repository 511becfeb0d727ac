/* SPDX-License-Identifier: MIT */
/* Reads what the log writes to stderr. Include cmocka.h first. */
#pragma once

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "telemetry/log.h"

/* stderr is a pipe while a test writes, and is restored before the test asserts. */
struct capture {
    int before, read_end;
};

static inline void capture_begin(struct capture *capture)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    capture->before = dup(STDERR_FILENO);
    capture->read_end = ends[0];
    assert_true(capture->before >= 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
}

static inline void restore_stderr(struct capture *capture)
{
    dup2(capture->before, STDERR_FILENO);
    close(capture->before);
}

/* Reads until the pipe has no writer any more; the result is to be freed. */
static inline void *read_all(void *capture)
{
    int read_end = ((const struct capture *)capture)->read_end;
    size_t bytes = 0, room = 1 << 22;
    char *all = malloc(room);
    for (ssize_t got; (got = read(read_end, all + bytes, room - bytes - 1)) > 0;)
        bytes += (size_t)got;
    close(read_end);
    all[bytes] = '\0';
    return all;
}

static inline char *capture_end(struct capture *capture)
{
    restore_stderr(capture);
    return read_all(capture);
}

/* Parses a line, which has to be a JSON object. */
static inline json_t *parsed(const char *line)
{
    json_error_t error;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        fail_msg("%s: %s", error.text, line);
    return object;
}

static const char *string_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}
