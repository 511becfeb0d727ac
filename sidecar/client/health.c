/* SPDX-License-Identifier: MIT */
#include "client/health.h"

#include "base/clock.h"
#include "client/local_http.h"
#include "config/value.h"

#include "base/banned.h"

#define at(name) offsetof(struct health_options, name)

static const struct option options[] = {
    {NULL, "ready", &value_switch, at(ready), 0, 0, "false",
     "asks whether it listens, has a credential and is not draining; the default"},
    {NULL, "live", &value_switch, at(live), 0, 0, "false", "asks whether all its threads respond"},
    {NULL, "started", &value_switch, at(started), 0, 0, "false",
     "asks whether it has begun to listen"},
    {NULL, "timeout", &value_duration, at(timeout_ns), VALUE_MS, VALUE_DAY, "2s",
     "time for the response"},
};

const struct command health_command = {
    .name = "health",
    .usage = "[--ready|--live|--started] [OPTION]...",
    .summary = "ask a running sidecar once whether it is ready, live or started",
    .about = "Asks a running sidecar once, prints its response and exits with 0 for yes and 1 for "
             "no. Options and variables of the sidecar are accepted too; --monitor says where it "
             "is.",
    .options = options,
    .option_count = array_length(options),
    .sidecar_option = "monitor",
};

bool health_page(const struct health_options *given, const char **page, struct status *status)
{
    if (given->ready + given->live + given->started > 1)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--ready, --live and --started exclude each other");
    *page = given->live ? "/livez" : given->started ? "/startupz" : "/readyz";
    return true;
}

static int ask(const struct config *config, const void *values, struct arena *arena)
{
    const struct health_options *given = values;
    struct status status;
    struct text line;
    const char *page;
    if (!health_page(given, &page, &status) ||
        !local_http_has_port(&config->monitor, "--monitor", &status))
        return command_fail(&status, EXIT_USAGE);
    struct local_request request = {&config->monitor, "GET", page,
                                    clock_now_ns() + given->timeout_ns};
    return local_http_line(&request, arena, &line, &status) ? command_succeed(line)
                                                            : command_fail(&status, EXIT_BAD);
}

int client_health(int count, char *arguments[])
{
    struct health_options given = {0};
    return command_run(&health_command, count, arguments, &given, ask);
}
