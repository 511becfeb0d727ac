/* SPDX-License-Identifier: MIT */
#include "client/probe_commands.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "client/command.h"
#include "client/local_http.h"
#include "client/print_status.h"

#include "base/banned.h"

#define MEMORY (1U << 20)

/* How long one answer may take. A sidecar answers within a millisecond. */
#define RESPONSE_NS (2 * CLOCK_NS_PER_S)

/* Between two questions; each pause is twice the one before. */
#define FIRST_PAUSE_NS (10 * CLOCK_NS_PER_MS)
#define LONGEST_PAUSE_NS (500 * CLOCK_NS_PER_MS)

enum { EXIT_BAD = 1, EXIT_USAGE = 2 };

static bool set_live(struct command *command, const char *value, struct status *status)
{
    (void)value, (void)status;
    command->page = "/livez";
    return true;
}

static bool set_ready(struct command *command, const char *value, struct status *status)
{
    (void)value, (void)status;
    command->page = "/readyz";
    return true;
}

static bool set_started(struct command *command, const char *value, struct status *status)
{
    (void)value, (void)status;
    command->page = "/startupz";
    return true;
}

static bool set_timeout(struct command *command, const char *value, struct status *status)
{
    return config_duration_parse(text_of(value), &command->timeout_ns, status);
}

static bool set_wait(struct command *command, const char *value, struct status *status)
{
    (void)value, (void)status;
    command->waits = true;
    return true;
}

static const struct command_option health_flags[] = {
    {"--ready", NULL, set_ready, "whether it listens, has a credential and stays; the default"},
    {"--live", NULL, set_live, "whether all its threads turn"},
    {"--started", NULL, set_started, "whether it has begun to listen"},
    {"--timeout", "DURATION", set_timeout, "how long the answer may take (2s)"},
};

static const struct command_option wait_flags[] = {
    {"--timeout", "DURATION", set_timeout, "how long to wait (60s)"},
};

static const struct command_option shutdown_flags[] = {
    {"--wait", NULL, set_wait, "until it has ended"},
    {"--timeout", "DURATION", set_timeout, "how long (60s)"},
};

static const struct command_usage health_command = {
    "apig-sidecar health [--ready|--live|--started] [OPTION]…",
    "Asks a running sidecar once. It is found by --monitor or APIG_SIDECAR_MONITOR, as `serve` has "
    "them.",
    health_flags, array_length(health_flags)};

static const struct command_usage wait_command = {
    "apig-sidecar wait [OPTION]…",
    "Waits until a sidecar is ready. It is found by --monitor or APIG_SIDECAR_MONITOR, as `serve` "
    "has them.",
    wait_flags, array_length(wait_flags)};

static const struct command_usage shutdown_command = {
    "apig-sidecar shutdown [OPTION]…",
    "Has a running sidecar drain and end. It is found by --admin or APIG_SIDECAR_ADMIN, as `serve` "
    "has them.",
    shutdown_flags, array_length(shutdown_flags)};

static void print(FILE *where, const char *before, struct text line, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, arena, line.size + 64);
    buffer_add_text(&out, text_of(before));
    print_text(line, &out);
    buffer_add_char(&out, '\n');
    fwrite(out.at, 1, out.bytes, where);
}

static int complain(const struct status *status, struct arena *arena, int exit_code)
{
    print(stderr, "apig-sidecar: ", text_of(status->message), arena);
    return exit_code;
}

static struct text first_line(struct text body)
{
    const char *end = memchr(body.data, '\n', body.size);
    return (struct text){body.data, end ? (size_t)(end - body.data) : body.size};
}

static bool has_port(const struct address *at, const char *option, struct status *status)
{
    return at->unix_path || at->port ||
           status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%s: port 0 is another one at each start; give the one that is listened on",
                       option);
}

/* One page of the monitor: true when it says yes. `line` is what it says. */
static bool ask(const struct command *command, int64_t until_ns, struct arena *arena,
                struct text *line, struct status *status)
{
    struct local_http_response response;
    if (!local_http(&command->config.monitor, "GET", command->page, until_ns, arena, &response,
                    status))
        return false;
    *line = first_line(response.body);
    return response.status == 200 ||
           status_fail(status, STATUS_UNAVAILABLE, "%.*s",
                       (int)text_cut(*line, STATUS_MESSAGE_BYTES), line->data);
}

static int finish(bool good, struct text line, const struct status *status, struct arena *arena)
{
    if (!good)
        return complain(status, arena, EXIT_BAD);
    print(stdout, "", line, arena);
    return fflush(stdout) == 0 ? 0 : EXIT_BAD;
}

static int health(const struct command *command, struct arena *arena)
{
    struct status status;
    struct text line = text_literal("");
    if (!has_port(&command->config.monitor, "--monitor", &status))
        return complain(&status, arena, EXIT_USAGE);
    bool good = ask(command, clock_now_ns() + command->timeout_ns, arena, &line, &status);
    return finish(good, line, &status, arena);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Not beyond `until_ns`; twice as long the next time. */
static void pause_for(int64_t *pause_ns, int64_t until_ns)
{
    int64_t left_ns = earlier(*pause_ns, until_ns - clock_now_ns());
    if (left_ns > 0)
        nanosleep(&(struct timespec){.tv_sec = left_ns / CLOCK_NS_PER_S,
                                     .tv_nsec = left_ns % CLOCK_NS_PER_S},
                  NULL);
    *pause_ns = earlier(*pause_ns * 2, LONGEST_PAUSE_NS);
}

/* The last answer says why it took too long, rather than the question that time cut off. */
static void keep_reason(struct status *reason, const struct status *heard)
{
    if (reason->code == STATUS_OK || heard->code != STATUS_DEADLINE_EXCEEDED)
        *reason = *heard;
}

static int await_ready(const struct command *command, struct arena *arena)
{
    struct status heard, reason;
    struct text line = text_literal("");
    int64_t until_ns = clock_now_ns() + command->timeout_ns, pause_ns = FIRST_PAUSE_NS;
    if (!has_port(&command->config.monitor, "--monitor", &heard))
        return complain(&heard, arena, EXIT_USAGE);
    status_clear(&reason);
    while (!ask(command, earlier(clock_now_ns() + RESPONSE_NS, until_ns), arena, &line, &heard)) {
        keep_reason(&reason, &heard);
        if (clock_now_ns() >= until_ns) {
            status_prepend(&reason, "not ready within --timeout");
            return complain(&reason, arena, EXIT_BAD);
        }
        pause_for(&pause_ns, until_ns);
        arena_clear(arena);
    }
    return finish(true, line, &heard, arena);
}

static bool order_drain(const struct command *command, struct arena *arena, struct status *status)
{
    struct local_http_response response;
    if (!local_http(&command->config.admin, "POST", "/quitquitquit", clock_now_ns() + RESPONSE_NS,
                    arena, &response, status))
        return false;
    return response.status == 202 ||
           status_fail(status, STATUS_INTERNAL, "ask for the end: the answer is HTTP status %u",
                       response.status);
}

/* It has ended when nobody listens on --admin any more. */
static bool await_end(const struct command *command, struct arena *arena, struct status *status)
{
    int64_t until_ns = clock_now_ns() + command->timeout_ns, pause_ns = FIRST_PAUSE_NS;
    while (clock_now_ns() < until_ns) {
        struct local_http_response response;
        struct status end;
        if (!local_http(&command->config.admin, "GET", "/",
                        earlier(clock_now_ns() + RESPONSE_NS, until_ns), arena, &response, &end) &&
            end.code == STATUS_FAILED_PRECONDITION)
            return true;
        pause_for(&pause_ns, until_ns);
        arena_clear(arena);
    }
    return status_fail(status, STATUS_DEADLINE_EXCEEDED, "it has not ended within --timeout");
}

static int shut_down(const struct command *command, struct arena *arena)
{
    struct status status;
    if (!has_port(&command->config.admin, "--admin", &status))
        return complain(&status, arena, EXIT_USAGE);
    bool good = order_drain(command, arena, &status) &&
                (!command->waits || await_end(command, arena, &status));
    return finish(good, command->waits ? text_literal("ended") : text_literal("draining"), &status,
                  arena);
}

static int print_help(const struct command_usage *usage, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, arena, 1024);
    command_write_help(usage, &out);
    fwrite(out.at, 1, out.bytes, stdout);
    return fflush(stdout) == 0 ? 0 : EXIT_BAD;
}

/* Reads the command line over the word's defaults and runs it. */
static int run(const struct command_usage *usage, struct command command, int count,
               char *arguments[],
               int (*carry_out)(const struct command *command, struct arena *arena))
{
    struct arena arena;
    struct status status;
    arena_init(&arena, MEMORY);
    int exit_code = !command_read(&command, usage, count, arguments, &status)
                        ? complain(&status, &arena, EXIT_USAGE)
                    : command.wants_help ? print_help(usage, &arena)
                                         : carry_out(&command, &arena);
    command_clear(&command);
    arena_clear(&arena);
    return exit_code;
}

int client_health(int count, char *arguments[])
{
    struct command command = {.page = "/readyz", .timeout_ns = RESPONSE_NS};
    return run(&health_command, command, count, arguments, health);
}

int client_wait(int count, char *arguments[])
{
    struct command command = {.page = "/readyz", .timeout_ns = 60 * CLOCK_NS_PER_S};
    return run(&wait_command, command, count, arguments, await_ready);
}

int client_shutdown(int count, char *arguments[])
{
    struct command command = {.timeout_ns = 60 * CLOCK_NS_PER_S};
    return run(&shutdown_command, command, count, arguments, shut_down);
}
