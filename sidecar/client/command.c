/* SPDX-License-Identifier: MIT */
#include "client/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

static const struct errand_flag *find_flag(const struct errand_word *word, struct text name)
{
    for (size_t i = 0; i < word->flag_count; i++)
        if (text_equal(name, text_of(word->flags[i].name)))
            return &word->flags[i];
    return NULL;
}

/* `--name`, `--name=value` or `--name value`; `used` is how many arguments that took. */
static bool take_flag(struct errand *errand, const struct errand_flag *flag, int count,
                      char *arguments[], int *used, struct status *status)
{
    const char *joined = strchr(arguments[0], '=');
    bool follows = !joined && flag->argument;
    *used = follows ? 2 : 1;
    if (joined && !flag->argument)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: it takes no value", flag->name);
    if (follows && (count < 2 || strncmp(arguments[1], "--", 2) == 0))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: a value has to follow",
                           flag->name);
    const char *value = joined ? joined + 1 : follows ? arguments[1] : NULL;
    return flag->set(errand, value, status) || status_wrap(status, "%s", flag->name);
}

static bool take_all(struct errand *errand, const struct errand_word *word, int count,
                     char *arguments[], char **others, struct status *status)
{
    int other_count = 0;
    for (int i = 0, used = 1; i < count; i += used) {
        used = 1;
        const struct errand_flag *flag =
            find_flag(word, (struct text){arguments[i], strcspn(arguments[i], "=")});
        errand->wants_help = errand->wants_help || strcmp(arguments[i], "--help") == 0;
        if (!flag)
            others[other_count++] = arguments[i];
        else if (!take_flag(errand, flag, count - i, arguments + i, &used, status))
            return false;
    }
    return errand->wants_help || config_read(&errand->config, other_count, others, environ, status);
}

bool errand_read(struct errand *errand, const struct errand_word *word, int count,
                 char *arguments[], struct status *status)
{
    char **others = memory_expect(calloc((size_t)count + 1, sizeof *others));
    bool good = take_all(errand, word, count, arguments, others, status);
    free(others);
    return good;
}

void errand_clear(struct errand *errand)
{
    config_clear(&errand->config);
}

void errand_write_help(const struct errand_word *word, struct buffer *out)
{
    buffer_add_text(out, text_of(word->usage));
    buffer_add_literal(out, "\n\n");
    buffer_add_text(out, text_of(word->meaning));
    buffer_add_literal(out, "\n\n");
    for (size_t i = 0; i < word->flag_count; i++) {
        const struct errand_flag *flag = &word->flags[i];
        buffer_add_literal(out, "  ");
        buffer_add_text(out, text_of(flag->name));
        buffer_add_text(out, flag->argument ? text_literal(" ") : text_literal(""));
        buffer_add_text(out, text_of(flag->argument ? flag->argument : ""));
        buffer_add_literal(out, ": ");
        buffer_add_text(out, text_of(flag->meaning));
        buffer_add_char(out, '\n');
    }
}
