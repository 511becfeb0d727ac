/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/url.h"
#include "config/value.h"

#include "base/banned.h"

/* All values together; a command line and an environment cannot be much larger. */
#define OWNED_BYTES (4U << 20)

static struct config_memory *memory_of(const struct config *config)
{
    return config->owned;
}

static enum option_origin *origin_of(const struct config *config, const struct option *option)
{
    return &memory_of(config)->origins[option - option_table];
}

/* Takes the default for an empty value: of an option without one nothing is left. */
static bool take(struct config *config, const struct option *option, const char *value,
                 enum option_origin origin, struct status *status)
{
    char spelled[OPTION_SPELLED_BYTES];
    const char *wanted = value[0] ? value : option->fallback;
    /* A stronger origin replaces the list of a weaker one; the same origin adds to it. */
    bool afresh = origin != *origin_of(config, option) || !value[0];
    if (option->kind == OPTION_LISTENERS && afresh)
        config->listen_count = 0;
    if (option->kind == OPTION_CALLERS && afresh)
        config->allow_callers = NULL;
    *origin_of(config, option) = value[0] ? origin : ORIGIN_DEFAULT;
    if (!wanted) {
        *(const char **)((char *)config + option->member) = NULL;
        return true;
    }
    option_spell(option, origin, spelled);
    return value_read(option, wanted, config, &memory_of(config)->arena, status) ||
           status_wrap(status, "%s", spelled);
}

static bool take_defaults(struct config *config, struct status *status)
{
    for (size_t i = 0; i < option_count; i++)
        if (!take(config, &option_table[i], "", ORIGIN_DEFAULT, status))
            return false;
    return true;
}

/*
 * Kubernetes puts variables into pods for every Service (kubernetes.io, "Discovering services"),
 * with our prefix when its name begins with ours: APIG_SIDECAR_SERVICE_HOST=10.0.0.1,
 * APIG_SIDECAR_PORT_50051_TCP=tcp://10.0.0.1:50051. None of our options looks like one.
 */
static bool is_of_a_service(const char *entry)
{
    static const char pattern[] = "^[A-Z0-9_]*(_SERVICE_HOST=|_SERVICE_PORT(_[A-Z0-9_]+)?=[0-9]+$|"
                                  "_PORT=(tcp|udp|sctp)://|"
                                  "_PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?=)";
    regex_t expression;
    if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool matches = regexec(&expression, entry, 0, NULL, 0) == 0;
    regfree(&expression);
    return matches;
}

static bool take_variable(struct config *config, const char *entry, struct status *status)
{
    static const char prefix[] = "APIG_SIDECAR_";
    char nearest[OPTION_SPELLED_BYTES];
    struct text name = {entry, strcspn(entry, "=")};
    if (strncmp(entry, prefix, sizeof prefix - 1) != 0 || entry[name.size] == '\0' ||
        entry[name.size + 1] == '\0')
        return true;
    const struct option *option = option_find(name, ORIGIN_VARIABLE);
    if (option)
        return take(config, option, entry + name.size + 1, ORIGIN_VARIABLE, status);
    if (is_of_a_service(entry))
        return true;
    option_spell_nearest(name, ORIGIN_VARIABLE, nearest);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: no such variable; the nearest is %s",
                       text_arguments(value_shown(name, &memory_of(config)->arena)), nearest);
}

static bool unknown_flag(const struct config *config, struct text name, struct status *status)
{
    char nearest[OPTION_SPELLED_BYTES];
    struct text shown = value_shown(name, &memory_of(config)->arena);
    if (name.size < 2 || memcmp(name.data, "--", 2) != 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.*s\" is no option; options begin with --", text_arguments(shown));
    option_spell_nearest(name, ORIGIN_FLAG, nearest);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: no such option; the nearest is %s",
                       text_arguments(shown), nearest);
}

/* `--name=value`, `--name value`, or `--name` for a switch. `used` is how many arguments that
 * took. */
static bool take_flag(struct config *config, int count, char *const arguments[], int *used,
                      struct status *status)
{
    const char *written = arguments[0];
    struct text name = {written, strcspn(written, "=")};
    const struct option *option = option_find(name, ORIGIN_FLAG);
    if (!option)
        return unknown_flag(config, name, status);
    *used = 1;
    if (written[name.size] == '=')
        return take(config, option, written + name.size + 1, ORIGIN_FLAG, status);
    if (option->kind == OPTION_SWITCH)
        return take(config, option, "true", ORIGIN_FLAG, status);
    if (count < 2 || strncmp(arguments[1], "--", 2) == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: a value has to follow", written);
    *used = 2;
    return take(config, option, arguments[1], ORIGIN_FLAG, status);
}

/* "--deadline 30s" */
static void add_option(const struct config *config, const char *flag, struct buffer *out)
{
    const struct option *option = option_find(text_of(flag), ORIGIN_FLAG);
    char spelled[OPTION_SPELLED_BYTES];
    option_spell(option, *origin_of(config, option), spelled);
    buffer_add_text(out, text_of(spelled));
    buffer_add_char(out, ' ');
    value_write(option, config, out);
}

static bool fail_together(const struct config *config, const char *flag, const char *why,
                          const char *other, struct status *status)
{
    struct buffer message;
    buffer_init(&message, &memory_of(config)->arena, 256);
    add_option(config, flag, &message);
    buffer_add_text(&message, text_of(why));
    add_option(config, other, &message);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s",
                       text_arguments(buffer_text(&message)));
}

static bool check_tls_files(const struct config *config, struct status *status)
{
    if (!config->tls_cert_file != !config->tls_key_file)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--tls-cert-file and --tls-key-file: one is missing: give both");
    if (config->tls_client_ca_file && !config->tls_cert_file)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--tls-client-ca-file: it needs --tls-cert-file and --tls-key-file");
    return true;
}

static bool check_together(struct config *config, struct status *status)
{
    if (config->deadline_ns > config->max_deadline_ns)
        return fail_together(config, "--deadline", " is longer than ", "--max-deadline", status);
    if (!check_tls_files(config, status))
        return false;
    if (!config->region)
        return true;
    if (config->upstream)
        return fail_together(config, "--region", " would make another URL than ", "--upstream",
                             status);
    config->upstream = url_of_region(config->region, &memory_of(config)->arena);
    *origin_of(config, option_find(text_literal("--upstream"), ORIGIN_FLAG)) =
        *origin_of(config, option_find(text_literal("--region"), ORIGIN_FLAG));
    return config->upstream ||
           status_fail(status, STATUS_INVALID_ARGUMENT, "the options have no room");
}

bool config_read(struct config *config, int count, char *const arguments[],
                 char *const environment[], struct status *status)
{
    struct config_memory *memory = memory_expect(calloc(1, sizeof *memory));
    *config = (struct config){.owned = memory};
    arena_init(&memory->arena, OWNED_BYTES);
    if (!take_defaults(config, status))
        return false;
    for (size_t i = 0; environment[i]; i++)
        if (!take_variable(config, environment[i], status))
            return false;
    for (int i = 0, used = 0; i < count; i += used)
        if (!take_flag(config, count - i, arguments + i, &used, status))
            return false;
    return check_together(config, status);
}

void config_clear(struct config *config)
{
    if (config->owned)
        arena_clear(&memory_of(config)->arena);
    free(config->owned);
    *config = (struct config){0};
}

bool config_check_serve(const struct config *config, struct status *status)
{
    if (!config->upstream)
        return status_fail(
            status, STATUS_INVALID_ARGUMENT,
            "--upstream: it is missing: give https://host[:port][/prefix], or a --region");
    /* TLS alone does not say who calls. */
    if (config->allow_public_plaintext || config->tls_client_ca_file)
        return true;
    for (size_t i = 0; i < config->listen_count; i++)
        if (!config_address_is_local(&config->listen[i]))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "--listen: \"%s\" is no loopback address: whoever reaches it would "
                               "use the credential; give --tls-client-ca-file, so that callers "
                               "prove who they are, or, behind a mesh for instance, "
                               "--allow-public-plaintext",
                               config->listen[i].host);
    return true;
}
