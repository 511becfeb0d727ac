/* SPDX-License-Identifier: MIT */
/* The commands of the command line. Exit codes: 0, 1 when it could not start or run, 2 for wrong
 * options; `call` has more. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "client/call.h"
#include "client/call_options.h"
#include "client/check.h"
#include "client/command_list.h"
#include "client/health.h"
#include "client/protos.h"
#include "client/shutdown.h"
#include "client/wait.h"
#include "config/config.h"
#include "credential/check.h"
#include "pipeline/failure.h"
#include "rest/fault.h"
#include "server/server.h"
#include "sidecar.h"
#include "system/process.h"
#include "upstream/upstream.h"

#include "base/banned.h"

#define HELP_BYTES (1U << 20)

static int serve(int count, char *arguments[])
{
    struct config config;
    struct status status;
    int exit_code = 0;
    if (!config_read(&config, count, arguments, environ, &status) ||
        !config_check_serve(&config, &status))
        exit_code = command_fail(&status, EXIT_USAGE);
    else if (!sidecar_run(&config, SIDECAR_REVISION, &status))
        exit_code = command_fail(&status, EXIT_BAD);
    config_clear(&config);
    return exit_code;
}

static int check(int count, char *arguments[])
{
    static const struct check_functions file_checks = {credential_check, server_check_tls,
                                                       upstream_check_ca};
    struct config config;
    struct status status;
    int exit_code = config_read(&config, count, arguments, environ, &status)
                        ? client_check(&config, &file_checks)
                        : command_fail(&status, EXIT_USAGE);
    config_clear(&config);
    return exit_code;
}

static int version(int count, char *arguments[])
{
    (void)count, (void)arguments;
    printf("apig-sidecar %s%s%s\n", SIDECAR_VERSION, SIDECAR_REVISION[0] ? " " : "",
           SIDECAR_REVISION);
    return command_finish(0);
}

static const struct command serve_command = {
    .name = "serve", .usage = "[OPTION]...", .summary = "serve calls until SIGTERM; the default"};

static const struct command version_command = {
    .name = "version",
    .summary = "print version and git revision",
    .about = "Prints the version, and the git revision when the build knew it."};

static const struct command help_command = {
    .name = "help",
    .usage = "[COMMAND|--markdown|--statuses]",
    .summary = "print this, or the help of a command",
    .about = "Prints the commands and options, or the help of a command; with --markdown the table "
             "of the options, with --statuses the tables of the statuses, as the documents have "
             "them."};

static int help(int count, char *arguments[]);

static const struct command_entry commands[] = {
    {&serve_command, serve}, /* also without a command */
    {&call_command, client_call},
    {&check_command, check},
    {&health_command, client_health},
    {&wait_command, client_wait},
    {&shutdown_command, client_shutdown},
    {&protos_command, client_protos},
    {&version_command, version},
    {&help_command, help},
};

static int unknown_command(const char *name)
{
    struct status status;
    command_list_unknown(commands, array_length(commands), name, &status);
    return command_fail(&status, EXIT_USAGE);
}

static void write_overview(struct buffer *out)
{
    command_list_write_help(commands, array_length(commands), out);
}

static void write_statuses(struct buffer *out)
{
    fault_write_markdown(out);
    buffer_add_char(out, '\n');
    failure_write_markdown(out);
}

static int print_page(void (*write)(struct buffer *out))
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, HELP_BYTES);
    buffer_init(&out, &arena, 0);
    write(&out);
    fwrite(out.at, 1, out.bytes, stdout);
    arena_clear(&arena);
    return command_finish(0);
}

static int print_command_help(const char *name)
{
    const struct command_entry *entry = command_list_find(commands, array_length(commands), name);
    if (!entry)
        return unknown_command(name);
    return entry->command->about ? command_print_help(entry->command) : print_page(write_overview);
}

static int help(int count, char *arguments[])
{
    static const struct {
        const char *flag;
        void (*write)(struct buffer *out);
    } pages[] = {{"--markdown", config_write_markdown}, {"--statuses", write_statuses}};
    if (count == 0)
        return print_page(write_overview);
    for (size_t i = 0; i < array_length(pages); i++)
        if (strcmp(arguments[0], pages[i].flag) == 0)
            return print_page(pages[i].write);
    return print_command_help(arguments[0]);
}

static bool contain(int count, char *arguments[], const char *flag)
{
    for (int i = 0; i < count; i++)
        if (strcmp(arguments[i], flag) == 0)
            return true;
    return false;
}

static int run(const struct command_entry *entry, int count, char *arguments[])
{
    if (contain(count, arguments, "--help") || contain(count, arguments, "-h"))
        return print_command_help(entry->command->name);
    return entry->run(count, arguments);
}

/* Before the constructors of libraries, because C-core's opens a descriptor. */
__attribute__((section(".preinit_array"),
               used)) static void (*fill_descriptors)(void) = process_fill_descriptors;

int main(int count, char *arguments[])
{
    process_drop_core_variables();
    process_keep_secrets();
    if (count < 2)
        return serve(0, NULL);
    const struct command_entry *entry =
        command_list_find(commands, array_length(commands), arguments[1]);
    if (entry)
        return run(entry, count - 2, arguments + 2);
    if (arguments[1][0] != '-')
        return unknown_command(arguments[1]);
    if (strcmp(arguments[1], "--version") == 0)
        return version(0, NULL);
    return run(&commands[0], count - 1, arguments + 1);
}
