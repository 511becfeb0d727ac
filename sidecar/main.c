/* SPDX-License-Identifier: MIT */
/* The program's commands. Exit codes: 0, 1 when it could not start or run, 2 for wrong options;
 * `call` has its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "client/call.h"
#include "client/check.h"
#include "client/probe_commands.h"
#include "config/config.h"
#include "credential/credential.h"
#include "pipeline/failure.h"
#include "rest/fault.h"
#include "server/server.h"
#include "sidecar.h"
#include "system/process.h"
#include "upstream/upstream.h"

#include "base/banned.h"

#define EXIT_USAGE 2
#define HELP_BYTES (1U << 20)

static int complain(const struct status *status, int exit_code)
{
    fprintf(stderr, "apig-sidecar: %s\n", status->message);
    return exit_code;
}

static int help(int count, char **arguments);

static bool asks_for_help(int count, char **arguments)
{
    for (int i = 0; i < count; i++)
        if (strcmp(arguments[i], "--help") == 0)
            return true;
    return false;
}

static int serve(int count, char **arguments)
{
    struct config config;
    struct status status;
    int exit_code = 0;
    if (asks_for_help(count, arguments))
        return help(0, NULL);
    if (!config_read(&config, count, arguments, environ, &status) ||
        !config_check_serve(&config, &status))
        exit_code = complain(&status, EXIT_USAGE);
    else if (!sidecar_run(&config, &status))
        exit_code = complain(&status, 1);
    config_clear(&config);
    return exit_code;
}

static const struct check_functions file_checks = {credential_check_file, server_check_tls,
                                                   upstream_check_ca};

static int check(int count, char **arguments)
{
    struct config config;
    struct status status;
    if (asks_for_help(count, arguments))
        return help(0, NULL);
    int exit_code = config_read(&config, count, arguments, environ, &status)
                        ? client_check(&config, &file_checks)
                        : complain(&status, EXIT_USAGE);
    config_clear(&config);
    return exit_code;
}

static const struct command {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *meaning;
} commands[] = {
    {"serve", serve, "serve calls until told to stop; the default"},
    {"call", client_call, "METHOD [JSON|@FILE|-]: make a call and print its answer"},
    {"check", check, "check options, schema and files, and print what would be served"},
    {"health", client_health, "[--ready|--live|--started]: ask a running one how it is"},
    {"wait", client_wait, "[--timeout=60s]: wait until it is ready"},
    {"shutdown", client_shutdown, "[--wait]: have it drain and end"},
    {"help", help,
     "print this; --markdown: the options, --statuses: the statuses, as the pages have them"},
};

static int help(int count, char **arguments)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, HELP_BYTES);
    buffer_init(&out, &arena, 0);
    if (count > 0 && strcmp(arguments[0], "--markdown") == 0) {
        config_write_markdown(&out);
    } else if (count > 0 && strcmp(arguments[0], "--statuses") == 0) {
        fault_write_markdown(&out);
        buffer_add_char(&out, '\n');
        failure_write_markdown(&out);
    } else {
        puts("apig-sidecar [COMMAND] [OPTION]…\n");
        for (size_t i = 0; i < array_length(commands); i++)
            printf("  %-10s%s\n", commands[i].name, commands[i].meaning);
        puts("");
        config_write_help(&out);
    }
    fwrite(out.at, 1, out.bytes, stdout);
    arena_clear(&arena);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int count, char **arguments)
{
    process_keep_secrets();
    if (count < 2)
        return serve(0, NULL);
    for (size_t i = 0; i < array_length(commands); i++)
        if (strcmp(arguments[1], commands[i].name) == 0)
            return commands[i].run(count - 2, arguments + 2);
    return serve(count - 1, arguments + 1);
}
