/* SPDX-License-Identifier: MIT */
/* A command line and an environment for tests of the options. Include cmocka.h first. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "config/config.h"

#define GIVEN_WORDS 24

/* Words with spaces between: flags, and the environment. */
struct given {
    char bytes[1024];
    char *words[GIVEN_WORDS + 1];
    int count;
};

static inline void given_split(const char *written, struct given *given)
{
    given->count = 0;
    assert_true(snprintf(given->bytes, sizeof given->bytes, "%s", written) <
                (int)sizeof given->bytes);
    char *rest = given->bytes, *word;
    while ((word = strsep(&rest, " ")) && given->count < GIVEN_WORDS)
        if (*word)
            given->words[given->count++] = word;
    given->words[given->count] = NULL;
}

static inline bool given_read(struct config *config, const char *flags, const char *variables,
                              struct status *status)
{
    struct given arguments, environment;
    given_split(flags, &arguments);
    given_split(variables, &environment);
    return config_read(config, arguments.count, arguments.words, environment.words, status);
}

static inline void given_good(struct config *config, const char *flags, const char *variables)
{
    struct status status;
    if (!given_read(config, flags, variables, &status))
        fail_msg("%s | %s: %s", flags, variables, status.message);
}

/* The message is one line that has both pieces. */
static inline void given_refused(const char *flags, const char *variables, const char *first,
                                 const char *second)
{
    struct config config;
    struct status status = {0};
    if (given_read(&config, flags, variables, &status))
        fail_msg("%s | %s: is not refused", flags, variables);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_null(strchr(status.message, '\n'));
    if (!strstr(status.message, first) || !strstr(status.message, second))
        fail_msg("%s | %s: %s", flags, variables, status.message);
    config_clear(&config);
}
