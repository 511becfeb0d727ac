/* SPDX-License-Identifier: MIT */
#include "client/shutdown.h"

#include "base/clock.h"
#include "client/local_http.h"
#include "client/poll_delay.h"
#include "config/value.h"

#include "base/banned.h"

#define at(name) offsetof(struct shutdown_options, name)

static const struct option options[] = {
    {NULL, "wait", &value_switch, at(wait), 0, 0, "false", "waits until the sidecar has ended"},
    {NULL, "timeout", &value_duration, at(timeout_ns), VALUE_MS, VALUE_DAY, "60s",
     "time for the sidecar to end, with --wait"},
};

const struct command shutdown_command = {
    .name = "shutdown",
    .usage = "[--wait] [OPTION]...",
    .summary = "make a running sidecar drain and end",
    .about = "Makes a running sidecar drain and end. Options and variables of the sidecar are "
             "accepted too; --admin says where it is.",
    .options = options,
    .option_count = array_length(options),
    .sidecar_option = "admin",
};

static bool request_drain(const struct config *config, struct arena *arena, struct status *status)
{
    struct http_response response;
    struct local_request request = {&config->admin, "POST", "/quitquitquit",
                                    clock_now_ns() + LOCAL_HTTP_RESPONSE_NS};
    if (!local_http(&request, arena, &response, status))
        return false;
    return response.status == 202 ||
           status_fail(status, STATUS_INTERNAL,
                       "POST /quitquitquit: the response has HTTP status %u", response.status);
}

/* The sidecar has ended when nothing listens on --admin any more. */
static bool await_end(const struct config *config, int64_t timeout_ns, struct arena *arena,
                      struct status *status)
{
    struct poll_delay delay = poll_delay_begin(timeout_ns);
    while (!poll_delay_is_over(&delay)) {
        struct http_response response;
        struct status end;
        struct local_request request = {&config->admin, "GET", "/",
                                        poll_delay_response_end(&delay)};
        if (!local_http(&request, arena, &response, &end) && end.code == STATUS_FAILED_PRECONDITION)
            return true;
        poll_delay_sleep(&delay);
        arena_clear(arena);
    }
    return status_fail(status, STATUS_DEADLINE_EXCEEDED, "not ended within --timeout");
}

static int shut_down(const struct config *config, const void *values, struct arena *arena)
{
    const struct shutdown_options *given = values;
    struct status status;
    if (!local_http_has_port(&config->admin, "--admin", &status))
        return command_fail(&status, EXIT_USAGE);
    if (!request_drain(config, arena, &status) ||
        (given->wait && !await_end(config, given->timeout_ns, arena, &status)))
        return command_fail(&status, EXIT_BAD);
    return command_succeed(given->wait ? text_literal("ended") : text_literal("draining"));
}

int client_shutdown(int count, char *arguments[])
{
    struct shutdown_options given = {0};
    return command_run(&shutdown_command, count, arguments, &given, shut_down);
}
