/* SPDX-License-Identifier: MIT */
#include "client/command.h"

#include <string.h>
#include <unistd.h>

#include "client/print_status.h"
#include "config/print.h"

#include "base/banned.h"

#define MEMORY (1U << 20)

static void write_usage(const struct command *command, struct buffer *out)
{
    buffer_add_literal(out, "apig-sidecar ");
    buffer_add_text(out, text_of(command->name));
    if (command->usage) {
        buffer_add_char(out, ' ');
        buffer_add_text(out, text_of(command->usage));
    }
    buffer_add_literal(out, "\n\n");
}

void command_write_help(const struct command *command, struct buffer *out)
{
    write_usage(command, out);
    print_wrapped(text_of(command->about), 0, 0, out);
    if (command->option_count > 0)
        buffer_add_char(out, '\n');
    print_options(command->options, command->option_count, out);
    if (command->sidecar_option)
        config_write_option_help(command->sidecar_option, out);
}

int command_print_help(const struct command *command)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, MEMORY);
    buffer_init(&out, &arena, 0);
    command_write_help(command, &out);
    fwrite(out.at, 1, out.bytes, stdout);
    arena_clear(&arena);
    return command_finish(0);
}

bool command_read(const struct command *command, struct command_line *line, struct config *config,
                  void *values, struct status *status)
{
    struct option_set own = {
        .options = command->options, .count = command->option_count, .values = values};
    return config_read_with(config, &own, line, status);
}

int command_run(const struct command *command, int count, char *arguments[], void *values,
                int (*carry_out)(const struct config *config, const void *values,
                                 struct arena *arena))
{
    struct command_line line = {.count = count, .arguments = arguments, .environment = environ};
    struct config config;
    struct status status;
    struct arena arena;
    arena_init(&arena, MEMORY);
    int exit_code = command_read(command, &line, &config, values, &status)
                        ? carry_out(&config, values, &arena)
                        : command_fail(&status, EXIT_USAGE);
    arena_clear(&arena);
    config_clear(&config);
    return exit_code;
}

void command_print(FILE *where, const char *before, struct text line)
{
    struct arena arena;
    struct buffer out;
    size_t room = strlen(before) + line.size + 1;
    arena_init(&arena, room + MEMORY);
    buffer_init(&out, &arena, room);
    buffer_add_text(&out, text_of(before));
    print_text(line, &out);
    buffer_add_char(&out, '\n');
    fwrite(out.at, 1, out.bytes, where);
    arena_clear(&arena);
}

int command_fail(const struct status *status, int exit_code)
{
    command_print(stderr, "apig-sidecar: ", text_of(status->message));
    return exit_code;
}

int command_finish(int exit_code)
{
    struct status status;
    if (fflush(stdout) != 0)
        status_set(&status, STATUS_INTERNAL, "write the result to standard output: %m");
    else if (ferror(stdout))
        status_set(&status, STATUS_INTERNAL,
                   "write the result to standard output: it was not written in full");
    else
        return exit_code;
    return command_fail(&status, EXIT_BAD);
}

int command_succeed(struct text line)
{
    command_print(stdout, "", line);
    return command_finish(0);
}
