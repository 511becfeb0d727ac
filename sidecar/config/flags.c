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

/* Takes the argument at `*next` and its value, and moves `*next` behind them. */
static bool take_flag(struct option_set *set, const struct option *option,
                      const struct command_line *line, int *next, struct status *status)
{
    const char *flag = line->arguments[(*next)++], *joined = strchr(flag, '=');
    if (joined)
        return option_set_take(set, option, joined + 1, ORIGIN_FLAG, status);
    if (!option->kind->argument)
        return option_set_take(set, option, "true", ORIGIN_FLAG, status);
    if (*next == line->count || strncmp(line->arguments[*next], "--", 2) == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: its value is missing", flag);
    return option_set_take(set, option, line->arguments[(*next)++], ORIGIN_FLAG, status);
}

static bool find_and_take(struct option_set *const sets[], size_t set_count,
                          const struct command_line *line, int *next, struct status *status)
{
    const char *flag = line->arguments[*next];
    struct text name = {flag, strcspn(flag, "=")};
    for (size_t i = 0; i < set_count; i++) {
        const struct option *option =
            option_find(sets[i]->options, sets[i]->count, name, ORIGIN_FLAG);
        if (option)
            return take_flag(sets[i], option, line, next, status);
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
    for (int next = 0; next < line->count;) {
        bool is_flag = strncmp(line->arguments[next], "--", 2) == 0;
        if (is_flag ? !find_and_take(sets, set_count, line, &next, status)
                    : !take_operand(line, line->arguments[next++], sets[0]->owned, status))
            return false;
    }
    return true;
}
