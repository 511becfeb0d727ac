/* SPDX-License-Identifier: MIT */
#include "client/command_list.h"

#include <string.h>

#include "config/edit_distance.h"
#include "config/print.h"

#include "base/banned.h"

#define NAMES_BYTES 4096

const struct command_entry *command_list_find(const struct command_entry *entries, size_t count,
                                              const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, entries[i].command->name) == 0)
            return &entries[i];
    return NULL;
}

static const char *nearest_name(const struct command_entry *entries, size_t count, const char *name)
{
    const char *nearest = NULL;
    size_t least = EDIT_DISTANCE_FAR;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(text_of(name), text_of(entries[i].command->name));
        if (distance >= least)
            continue;
        least = distance;
        nearest = entries[i].command->name;
    }
    return nearest;
}

/* "serve, call and help" */
static void write_names(const struct command_entry *entries, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_text(out, i + 1 < count ? text_literal(", ") : text_literal(" and "));
        buffer_add_text(out, text_of(entries[i].command->name));
    }
}

void command_list_unknown(const struct command_entry *entries, size_t count, const char *name,
                          struct status *status)
{
    struct arena arena;
    struct buffer names;
    const char *nearest = nearest_name(entries, count, name);
    arena_init(&arena, NAMES_BYTES);
    buffer_init(&names, &arena, 256);
    write_names(entries, count, &names);
    struct text known = buffer_text(&names);
    if (nearest)
        status_set(status, STATUS_INVALID_ARGUMENT,
                   "\"%.200s\": no such command; did you mean \"%s\"? The commands are %.*s", name,
                   nearest, text_arguments(known));
    else
        status_set(status, STATUS_INVALID_ARGUMENT,
                   "\"%.200s\": no such command; the commands are %.*s", name,
                   text_arguments(known));
    arena_clear(&arena);
}

void command_list_write_help(const struct command_entry *entries, size_t count, struct buffer *out)
{
    buffer_add_literal(out, "apig-sidecar [COMMAND] [OPTION]...\n\n");
    for (size_t i = 0; i < count; i++) {
        const struct command *command = entries[i].command;
        buffer_add_literal(out, "  ");
        buffer_add_text(out, text_of(command->name));
        for (size_t column = strlen(command->name); column < 10; column++)
            buffer_add_char(out, ' ');
        buffer_add_text(out, text_of(command->summary));
        buffer_add_char(out, '\n');
    }
    buffer_add_char(out, '\n');
    print_wrapped(text_literal("`apig-sidecar COMMAND --help` describes a command. Each option of "
                               "the sidecar is also a variable: --token-file is "
                               "APIG_SIDECAR_TOKEN_FILE. The flag wins."),
                  0, 0, out);
    buffer_add_char(out, '\n');
    config_write_help(out);
}
