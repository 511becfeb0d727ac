/* SPDX-License-Identifier: MIT */
#include "config/flags.h"

#include <assert.h>
#include <string.h>

#include "config/edit_distance.h"
#include "config/value.h"

#include "base/banned.h"

static void *member_of(const struct option_set *set, const struct option *option)
{
    return (char *)set->values + option->member;
}

static bool read_value(struct option_set *set, const struct option *option, const char *written,
                       enum option_origin origin, struct status *status)
{
    char spelled[OPTION_SPELLED_BYTES];
    option_spell(option, origin, spelled);
    return value_read(option, written, member_of(set, option), set->owned, status) ||
           status_wrap(status, "%s", spelled);
}

bool option_set_take(struct option_set *set, const struct option *option, const char *written,
                     enum option_origin origin, struct status *status)
{
    enum option_origin *now = &set->origins[option - set->options];
    const char *value = written[0] ? written : option->fallback;
    if (option->kind->clear && (origin != *now || !written[0]))
        option->kind->clear(member_of(set, option));
    *now = written[0] ? origin : ORIGIN_DEFAULT;
    return !value || read_value(set, option, value, origin, status);
}

bool option_set_defaults(struct option_set *set, struct status *status)
{
    assert(set->count <= OPTION_MOST);
    for (size_t i = 0; i < set->count; i++)
        if (!option_set_take(set, &set->options[i], "", ORIGIN_DEFAULT, status))
            return false;
    return true;
}

static bool unknown_flag(struct option_set *const sets[], size_t set_count, struct text name,
                         struct status *status)
{
    struct option_suggestion suggestion = {.distance = EDIT_DISTANCE_FAR};
    struct text shown = value_shown(name, sets[0]->owned);
    for (size_t i = 0; i < set_count; i++)
        option_suggest(sets[i]->options, sets[i]->count, name, ORIGIN_FLAG, &suggestion);
    if (suggestion.distance < EDIT_DISTANCE_FAR)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s: no such option; did you mean %s?", text_arguments(shown),
                           suggestion.spelled);
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%.*s: no such option; --help lists the options", text_arguments(shown));
}

/* `used` is the number of arguments that belong to the flag. */
static bool take_flag(struct option_set *set, const struct option *option, int count,
                      char *const arguments[], int *used, struct status *status)
{
    const char *joined = strchr(arguments[0], '=');
    *used = 1;
    if (joined)
        return option_set_take(set, option, joined + 1, ORIGIN_FLAG, status);
    if (!option->kind->argument)
        return option_set_take(set, option, "true", ORIGIN_FLAG, status);
    if (count < 2 || strncmp(arguments[1], "--", 2) == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: its value is missing",
                           arguments[0]);
    *used = 2;
    return option_set_take(set, option, arguments[1], ORIGIN_FLAG, status);
}

static bool find_and_take(struct option_set *const sets[], size_t set_count, int count,
                          char *const arguments[], int *used, struct status *status)
{
    struct text name = {arguments[0], strcspn(arguments[0], "=")};
    for (size_t i = 0; i < set_count; i++) {
        const struct option *option =
            option_find(sets[i]->options, sets[i]->count, name, ORIGIN_FLAG);
        if (option)
            return take_flag(sets[i], option, count, arguments, used, status);
    }
    return unknown_flag(sets, set_count, name, status);
}

static bool take_operand(struct command_line *line, const char *operand, struct arena *owned,
                         struct status *status)
{
    if (line->operand_count < line->most_operands) {
        line->operands[line->operand_count++] = operand;
        return true;
    }
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       line->most_operands ? "\"%.*s\": one argument too many"
                                           : "\"%.*s\" is not an option; options begin with --",
                       text_arguments(value_shown(text_of(operand), owned)));
}

bool flags_read(struct option_set *const sets[], size_t set_count, struct command_line *line,
                struct status *status)
{
    line->operand_count = 0;
    for (int i = 0, used = 1; i < line->count; i += used) {
        char *const *arguments = line->arguments + i;
        used = 1;
        bool good = strncmp(arguments[0], "--", 2) == 0
                        ? find_and_take(sets, set_count, line->count - i, arguments, &used, status)
                        : take_operand(line, arguments[0], sets[0]->owned, status);
        if (!good)
            return false;
    }
    return true;
}
