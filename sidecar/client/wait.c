/* SPDX-License-Identifier: MIT */
#include "client/wait.h"

#include "base/clock.h"
#include "client/local_http.h"
#include "client/poll_delay.h"
#include "config/value.h"

#include "base/banned.h"

static const struct option options[] = {
    {NULL, "timeout", &value_duration, offsetof(struct wait_options, timeout_ns), VALUE_MS,
     VALUE_DAY, "60s", "time to become ready"},
};

const struct command wait_command = {
    .name = "wait",
    .usage = "[OPTION]...",
    .summary = "wait until a sidecar is ready",
    .about = "Waits until a sidecar is ready. Options and variables of the sidecar are accepted "
             "too; --monitor says where it is.",
    .options = options,
    .option_count = array_length(options),
    .sidecar_option = "monitor",
};

/* Keeps the last response as the reason rather than the request that the timeout cut off. */
static void keep_reason(struct status *reason, const struct status *latest)
{
    if (reason->code == STATUS_OK || latest->code != STATUS_DEADLINE_EXCEEDED)
        *reason = *latest;
}

static bool ask(const struct config *config, const struct poll_delay *delay, struct arena *arena,
                struct text *line, struct status *status)
{
    struct local_request request = {&config->monitor, "GET", "/readyz",
                                    poll_delay_response_end(delay)};
    return local_http_line(&request, arena, line, status);
}

static int await_ready(const struct config *config, const void *values, struct arena *arena)
{
    const struct wait_options *given = values;
    struct status latest, reason;
    struct text line;
    if (!local_http_has_port(&config->monitor, "--monitor", &latest))
        return command_fail(&latest, EXIT_USAGE);
    status_clear(&reason);
    struct poll_delay delay = poll_delay_begin(given->timeout_ns);
    while (!ask(config, &delay, arena, &line, &latest)) {
        keep_reason(&reason, &latest);
        if (poll_delay_is_over(&delay)) {
            status_prepend(&reason, "not ready within --timeout");
            return command_fail(&reason, EXIT_BAD);
        }
        poll_delay_sleep(&delay);
        arena_clear(arena);
    }
    return command_succeed(line);
}

int client_wait(int count, char *arguments[])
{
    struct wait_options given = {0};
    return command_run(&wait_command, count, arguments, &given, await_ready);
}
