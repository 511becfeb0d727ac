/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/options.h"

#include "base/banned.h"

/* All values together; a command line and an environment cannot be much larger. */
#define OWNED_BYTES (4U << 20)

#define LONGEST_NAME 63

static const char variable_prefix[] = "APIG_SIDECAR_";

static struct config_memory *memory_of(const struct config *config)
{
    return config->owned;
}

static const struct option *option_find(struct text name)
{
    for (size_t i = 0; i < option_count; i++)
        if (text_equal(name, text_of(option_table[i].name)))
            return &option_table[i];
    return NULL;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* How many letters to add, drop or change (Levenshtein). */
static size_t distance(struct text a, struct text b)
{
    size_t row[LONGEST_NAME + 1];
    if (a.bytes > LONGEST_NAME || b.bytes > LONGEST_NAME)
        return LONGEST_NAME;
    for (size_t i = 0; i <= b.bytes; i++)
        row[i] = i;
    for (size_t i = 1; i <= a.bytes; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.bytes; j++) {
            size_t above = row[j];
            row[j] = least_of(row[j - 1] + 1, above + 1, diagonal + (a.at[i - 1] != b.at[j - 1]));
            diagonal = above;
        }
    }
    return row[b.bytes];
}

static const char *nearest(struct text name)
{
    const struct option *best = &option_table[0];
    for (size_t i = 1; i < option_count; i++)
        if (distance(name, text_of(option_table[i].name)) < distance(name, text_of(best->name)))
            best = &option_table[i];
    return best->name;
}

static bool take(struct config *config, const struct option *option, const char *value,
                 enum option_origin origin, struct status *status)
{
    struct config_memory *memory = memory_of(config);
    size_t index = (size_t)(option - option_table);
    /* A stronger origin replaces the addresses of a weaker one; the same origin adds to them. */
    if (option->kind == OPTION_LISTENERS && memory->given[index].origin != origin)
        while (config->listen_count > 0)
            config_address_clear(&config->listen[--config->listen_count]);
    if (!option_set(option, value, config, &memory->arena, status))
        return false;
    memory->given[index].value = value;
    memory->given[index].origin = origin;
    return true;
}

static bool take_defaults(struct config *config, struct status *status)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].fallback &&
            !take(config, &option_table[i], option_table[i].fallback, ORIGIN_DEFAULT, status))
            return status_wrap(status, "default of --%s", option_table[i].name);
    return true;
}

/* Kubernetes puts variables like APIG_SIDECAR_SERVICE_HOST and APIG_SIDECAR_PORT_50051_TCP into
 * pods when a Service has our name. None of our options looks like one. */
static bool is_injected(const char *name, size_t bytes)
{
    static const char *const parts[] = {"_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"};
    static const struct text end = {"_PORT", 5};
    for (size_t i = 0; i < array_length(parts); i++)
        if (memmem(name, bytes, parts[i], strlen(parts[i])))
            return true;
    return bytes > end.bytes && memcmp(name + bytes - end.bytes, end.at, end.bytes) == 0;
}

/* "TOKEN_FILE" to "token-file". */
static struct text flag_name(const char *variable, size_t bytes, char name[LONGEST_NAME + 1])
{
    size_t used = 0;
    for (size_t i = 0; i < bytes && used < LONGEST_NAME; i++) {
        char c = variable[i];
        name[used++] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : '?';
    }
    return (struct text){name, used};
}

static bool take_variable(struct config *config, const char *entry, struct status *status)
{
    size_t prefix = sizeof variable_prefix - 1;
    const char *equals = strchr(entry, '=');
    if (strncmp(entry, variable_prefix, prefix) != 0 || !equals || equals[1] == '\0')
        return true;
    char name[LONGEST_NAME + 1];
    size_t bytes = (size_t)(equals - entry);
    struct text flag = flag_name(entry + prefix, bytes - prefix, name);
    const struct option *option = option_find(flag);
    if (!option && is_injected(entry, bytes))
        return true;
    if (!option)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s: no such variable; the nearest is that of --%s", (int)bytes, entry,
                           nearest(flag));
    if (!take(config, option, equals + 1, ORIGIN_VARIABLE, status))
        return status_wrap(status, "%.*s", (int)bytes, entry);
    return true;
}

/* `--name=value`, `--name value`, or `--name` for a switch; `used` says how many arguments that
 * took. */
static bool take_flag(struct config *config, int count, char *const arguments[], int *used,
                      struct status *status)
{
    const char *flag = arguments[0];
    if (strncmp(flag, "--", 2) != 0 || flag[2] == '\0')
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.200s\" is no option; options begin with --", flag);
    size_t bytes = strcspn(flag + 2, "=");
    struct text name = {flag + 2, bytes};
    const struct option *option = option_find(name);
    if (!option)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--%.*s: no such option; the nearest is --%s",
                           (int)(bytes < 200 ? bytes : 200), name.at, nearest(name));
    const char *value = flag[2 + bytes] == '=' ? flag + 2 + bytes + 1 : NULL;
    *used = 1;
    if (!value && option->kind == OPTION_SWITCH)
        value = "true";
    if (!value && count > 1) {
        value = arguments[1];
        *used = 2;
    }
    if (!value)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "--%s: a value has to follow",
                           option->name);
    return take(config, option, value, ORIGIN_FLAG, status) ||
           status_wrap(status, "--%s", option->name);
}

static bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(".-_[]:", c));
}

static bool is_path_character(char c)
{
    return is_host_character(c) || (c && strchr("/%~", c));
}

/* Host and port, then a prefix without a slash at its end. */
static bool is_upstream(const char *url)
{
    static const char scheme[] = "https://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *host = url + sizeof scheme - 1, *c = host;
    while (is_host_character(*c))
        c++;
    if (c == host || (*c && *c != '/'))
        return false;
    struct config_address address = {0};
    struct status ignored;
    struct text authority = {host, (size_t)(c - host)};
    bool bracketed = *host == '[' && memchr(host, ']', authority.bytes);
    const char *colon = memrchr(host, ':', authority.bytes);
    bool has_port = colon && (!bracketed || colon[-1] == ']');
    if (has_port && !config_address_parse(authority, &address, &ignored))
        return false;
    config_address_clear(&address);
    while (is_path_character(*c))
        c++;
    return *c == '\0';
}

/* Slashes at the end would double those of the paths behind it. */
static void trim_upstream(struct config *config)
{
    size_t bytes = config->upstream ? strlen(config->upstream) : 0;
    while (bytes > 0 && config->upstream[bytes - 1] == '/')
        bytes--;
    if (config->upstream && config->upstream[bytes])
        config->upstream = arena_copy(&memory_of(config)->arena, config->upstream, bytes);
}

static bool was_given(const struct config *config, const char *name)
{
    const struct option *option = option_find(text_of(name));
    return memory_of(config)->given[option - option_table].value;
}

static bool check_together(struct config *config, struct status *status)
{
    trim_upstream(config);
    if (was_given(config, "upstream") && was_given(config, "region"))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--upstream and --region: give one of the two");
    if (config->upstream && !is_upstream(config->upstream))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--upstream: \"%.200s\": allowed is https://host[:port][/prefix], "
                           "without user, query or fragment",
                           config->upstream);
    if (config->upstream_proxy && strncmp(config->upstream_proxy, "http://", 7) != 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--upstream-proxy: \"%.200s\": allowed is http://host:port",
                           config->upstream_proxy);
    if (config->deadline_ns > config->max_deadline_ns)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--deadline: it is longer than --max-deadline");
    if (!config_address_is_local(&config->admin))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--admin: \"%s\": allowed are loopback addresses and unix: sockets",
                           config->admin.host);
    return true;
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
    for (int i = 0; i < count;) {
        int used = 0;
        if (!take_flag(config, count - i, arguments + i, &used, status))
            return false;
        i += used;
    }
    return check_together(config, status);
}

void config_clear(struct config *config)
{
    for (size_t i = 0; i < config->listen_count; i++)
        config_address_clear(&config->listen[i]);
    config_address_clear(&config->monitor);
    config_address_clear(&config->admin);
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
    for (size_t i = 0; i < config->listen_count; i++)
        if (!config->allow_public_plaintext && !config_address_is_local(&config->listen[i]))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "--listen: \"%s\" is no loopback address: whoever reaches it would "
                               "use the credential; "
                               "behind a mesh give --allow-public-plaintext too",
                               config->listen[i].host);
    return true;
}
