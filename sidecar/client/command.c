/* SPDX-License-Identifier: MIT */
#include "client/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

static const struct command_option *find_flag(const struct command_usage *usage, struct text name)
{
    for (size_t i = 0; i < usage->flag_count; i++)
        if (text_equal(name, text_of(usage->flags[i].name)))
            return &usage->flags[i];
    return NULL;
}

/* `--name`, `--name=value` or `--name value`; `used` is how many arguments that took. */
static bool take_flag(struct command *command, const struct command_option *flag, int count,
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
    return flag->set(command, value, status) || status_wrap(status, "%s", flag->name);
}

static bool take_all(struct command *command, const struct command_usage *usage, int count,
                     char *arguments[], char **others, struct status *status)
{
    int other_count = 0;
    for (int i = 0, used = 1; i < count; i += used) {
        used = 1;
        const struct command_option *flag =
            find_flag(usage, (struct text){arguments[i], strcspn(arguments[i], "=")});
        command->wants_help = command->wants_help || strcmp(arguments[i], "--help") == 0;
        if (!flag)
            others[other_count++] = arguments[i];
        else if (!take_flag(command, flag, count - i, arguments + i, &used, status))
            return false;
    }
    return command->wants_help ||
           config_read(&command->config, other_count, others, environ, status);
}

bool command_read(struct command *command, const struct command_usage *usage, int count,
                  char *arguments[], struct status *status)
{
    char **others = memory_expect(calloc((size_t)count + 1, sizeof *others));
    bool good = take_all(command, usage, count, arguments, others, status);
    free(others);
    return good;
}

void command_clear(struct command *command)
{
    config_clear(&command->config);
}

void command_write_help(const struct command_usage *usage, struct buffer *out)
{
    buffer_add_text(out, text_of(usage->usage));
    buffer_add_literal(out, "\n\n");
    buffer_add_text(out, text_of(usage->meaning));
    buffer_add_literal(out, "\n\n");
    for (size_t i = 0; i < usage->flag_count; i++) {
        const struct command_option *flag = &usage->flags[i];
        buffer_add_literal(out, "  ");
        buffer_add_text(out, text_of(flag->name));
        buffer_add_text(out, flag->argument ? text_literal(" ") : text_literal(""));
        buffer_add_text(out, text_of(flag->argument ? flag->argument : ""));
        buffer_add_literal(out, ": ");
        buffer_add_text(out, text_of(flag->meaning));
        buffer_add_char(out, '\n');
    }
}
