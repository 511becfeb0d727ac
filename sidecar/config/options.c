/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define at(name) offsetof(struct config, name)
#define HOUR (3600 * (uint64_t)CLOCK_NS_PER_S)
#define DAY (24 * HOUR)
#define MS (uint64_t) CLOCK_NS_PER_MS
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

const struct option option_table[] = {
    {"listen", OPTION_LISTENERS, at(listen), 0, 0, "127.0.0.1:50051",
     "where callers connect: `host:port`, `[::1]:port`, `unix:/path`; comma-separated, repeatable; "
     "port 0 picks one"},
    {"allow-public-plaintext", OPTION_SWITCH, at(allow_public_plaintext), 0, 0, "false",
     "permits a listener on an address that is not loopback, behind a mesh for instance"},
    {"upstream", OPTION_TEXT, at(upstream), 0, 0, NULL,
     "`https://host[:port][/prefix]`; this or --region is required"},
    {"region", OPTION_REGION, at(upstream), 0, 0, NULL,
     "fills in --upstream with the public endpoint of a region"},
    {"upstream-ca-file", OPTION_TEXT, at(upstream_ca_file), 0, 0, NULL,
     "PEM bundle to verify the upstream with; the system's store by default"},
    {"upstream-proxy", OPTION_TEXT, at(upstream_proxy), 0, 0, NULL,
     "HTTP proxy for CONNECT; environment variables of that purpose are ignored"},
    {"upstream-loops", OPTION_NUMBER, at(upstream_loops), 1, 64, "1", "upstream threads"},
    {"upstream-connections", OPTION_NUMBER, at(upstream_connections), 1, 65536, "512",
     "connections at most for each upstream thread; opened as needed, closed when idle for 60s"},
    {"token-file", OPTION_TEXT, at(token_file), 0, 0, "/var/run/secrets/apig/token",
     "the mounted credential"},
    {"project-id", OPTION_TEXT, at(project_id), 0, 0, NULL, "fills a request's empty project_id"},
    {"instance-id", OPTION_TEXT, at(instance_id), 0, 0, NULL,
     "fills a request's empty instance_id"},
    {"deadline", OPTION_DURATION, at(deadline_ns), MS, DAY, "30s", "for calls without a deadline"},
    {"max-deadline", OPTION_DURATION, at(max_deadline_ns), MS, DAY, "120s",
     "for calls with a longer one"},
    {"max-in-flight", OPTION_NUMBER, at(max_in_flight), 1, 1000000, "1000",
     "calls at a time; above: RESOURCE_EXHAUSTED"},
    {"max-connections", OPTION_NUMBER, at(max_connections), 1, 1000000, "1000",
     "callers' connections at a time; above: closed"},
    {"max-connections-per-peer", OPTION_NUMBER, at(max_connections_per_peer), 1, 1000000, "1000",
     "the same for one address, or one uid on Unix sockets"},
    {"max-streams", OPTION_NUMBER, at(max_streams), 1, 1000000, "1000",
     "calls at a time on one connection"},
    {"max-message", OPTION_SIZE, at(max_message_bytes), 1, 256 * MIB, "1MiB",
     "largest request message"},
    {"max-answer", OPTION_SIZE, at(max_answer_bytes), 1, 256 * MIB, "4MiB",
     "largest body of an upstream's answer"},
    {"max-metadata", OPTION_SIZE, at(max_metadata_bytes), 1, 48 * KIB, "16KiB",
     "a caller's metadata, all together"},
    {"max-metadata-count", OPTION_NUMBER, at(max_metadata_count), 1, 10000, "100", "and how many"},
    {"handshake-timeout", OPTION_DURATION, at(handshake_timeout_ns), MS, HOUR, "5s",
     "until a new connection speaks HTTP/2"},
    {"idle-timeout", OPTION_DURATION, at(idle_timeout_ns), 0, DAY, "0s",
     "a connection without calls; 0s: no limit"},
    {"max-age", OPTION_DURATION, at(max_age_ns), 0, DAY, "0s",
     "a connection altogether; 0s: no limit"},
    {"max-age-grace", OPTION_DURATION, at(max_age_grace_ns), MS, DAY, "30s",
     "for calls under way at --max-age"},
    {"drain-delay", OPTION_DURATION, at(drain_delay_ns), 0, HOUR, "0s",
     "after SIGTERM: keep accepting that long"},
    {"drain-timeout", OPTION_DURATION, at(drain_timeout_ns), 0, HOUR, "30s",
     "then finish calls, at most for that long"},
    {"monitor", OPTION_ADDRESS, at(monitor), 0, 0, "127.0.0.1:9090",
     "/livez /readyz /startupz, read only; may be public"},
    {"admin", OPTION_ADDRESS, at(admin), 0, 0, "127.0.0.1:9091",
     "/config, POST /quitquitquit; loopback and `unix:` only"},
    {"log-sample", OPTION_SHARE, at(log_sample), 0, 0, "1",
     "share of successful calls that are logged"},
    {"log-level", OPTION_LOG_LEVEL, at(log_level), 0, 0, "info",
     "`debug`, `info`, `warning` or `error`"},
    {"log-format", OPTION_LOG_FORMAT, at(log_format), 0, 0, "json", "`json`, or `text` for people"},
    {"descriptor-set", OPTION_TEXT, at(descriptor_set), 0, 0, NULL,
     "a FileDescriptorSet to serve instead of the embedded one"},
};

const size_t option_count = array_length(option_table);

_Static_assert(array_length(option_table) <= OPTION_MOST,
               "struct config_memory has a place for each option");

/* The regions' endpoints follow one pattern but for these. */
static const struct {
    const char *region, *url;
} odd_regions[] = {{"eu-west-101", "https://apig.eu-west-101.myhuaweicloud.eu"}};

struct unit {
    const char *name;
    uint64_t factor;
};
static const struct unit size_units[] = {{"", 1}, {"KiB", KIB}, {"MiB", MIB}, {"GiB", 1024 * MIB}};
static const struct unit duration_units[] = {
    {"ms", MS}, {"s", (uint64_t)CLOCK_NS_PER_S}, {"m", 60 * (uint64_t)CLOCK_NS_PER_S}, {"h", HOUR}};
static const struct unit number_units[] = {{"", 1}};

static const struct units {
    const struct unit *list;
    size_t count;
} kind_units[] = {
    [OPTION_NUMBER] = {number_units, array_length(number_units)},
    [OPTION_SIZE] = {size_units, array_length(size_units)},
    [OPTION_DURATION] = {duration_units, array_length(duration_units)},
};

static const char *const level_words[] = {
#define LEVEL_WORD(name, word) [LOG_##name] = word,
    LOG_LEVELS(LEVEL_WORD)
#undef LEVEL_WORD
};
static const char *const format_words[] = {[LOG_JSON] = "json", [LOG_TEXT] = "text"};

void option_variable(const struct option *option, char variable[OPTION_VARIABLE_BYTES])
{
    static const char prefix[] = "APIG_SIDECAR_";
    size_t used = sizeof prefix - 1;
    memcpy(variable, prefix, used);
    for (const char *c = option->name; *c && used < OPTION_VARIABLE_BYTES - 1; c++)
        variable[used++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    variable[used] = '\0';
}

/* The largest unit that divides the number. */
static void add_quantity(struct buffer *out, uint64_t number, const struct units *units)
{
    const struct unit *best = &units->list[0];
    for (size_t i = 0; i < units->count; i++)
        if (number > 0 && number % units->list[i].factor == 0)
            best = &units->list[i];
    buffer_add_u64(out, number / best->factor);
    buffer_add_text(out, text_of(best->name));
}

void option_allowed(const struct option *option, struct buffer *out)
{
    static const char *const words[] = {
        [OPTION_SWITCH] = "true or false",
        [OPTION_SHARE] = "a number from 0 to 1",
        [OPTION_TEXT] = "text",
        [OPTION_ADDRESS] = "host:port, [IPv6]:port or unix:/path",
        [OPTION_LISTENERS] =
            "at most 16 of host:port, [IPv6]:port and unix:/path, with commas between",
        [OPTION_REGION] = "a region's name, such as cn-north-4",
        [OPTION_LOG_LEVEL] = "debug, info, warning or error",
        [OPTION_LOG_FORMAT] = "json or text",
    };
    if (option->kind != OPTION_NUMBER && option->kind != OPTION_SIZE &&
        option->kind != OPTION_DURATION) {
        buffer_add_text(out, text_of(words[option->kind]));
        return;
    }
    add_quantity(out, option->least, &kind_units[option->kind]);
    buffer_add_literal(out, " to ");
    add_quantity(out, option->most, &kind_units[option->kind]);
}

/* Digits and a unit. */
static bool read_quantity(const char *value, const struct units *units, uint64_t *number)
{
    size_t digits = strspn(value, "0123456789");
    uint64_t read;
    if (!text_to_u64((struct text){value, digits}, &read))
        return false;
    for (size_t i = 0; i < units->count; i++)
        if (strcmp(value + digits, units->list[i].name) == 0)
            return !__builtin_mul_overflow(read, units->list[i].factor, number);
    return false;
}

static bool set_quantity(const struct option *option, const char *value, void *member)
{
    uint64_t number;
    if (!read_quantity(value, &kind_units[option->kind], &number) || number < option->least ||
        number > option->most)
        return false;
    if (option->kind == OPTION_DURATION)
        *(int64_t *)member = (int64_t)number;
    else
        *(uint64_t *)member = number;
    return true;
}

static bool set_switch(const char *value, bool *member)
{
    bool on = strcmp(value, "true") == 0;
    if (!on && strcmp(value, "false") != 0)
        return false;
    *member = on;
    return true;
}

static bool set_share(const char *value, double *member)
{
    char *end;
    double share = strtod(value, &end);
    if (end == value || *end || !(share >= 0 && share <= 1))
        return false;
    *member = share;
    return true;
}

static bool find_word(const char *value, const char *const *words, size_t count, int *index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, words[i]) != 0)
            continue;
        *index = (int)i;
        return true;
    }
    return false;
}

static bool set_text(const char *value, const char **member, struct arena *owned)
{
    *member = value[0] ? arena_copy(owned, value, strlen(value)) : NULL;
    return value[0] == '\0' || *member;
}

static bool set_region(const char *value, const char **member, struct arena *owned)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    struct buffer url;
    if (value[0] == '\0' || value[strspn(value, allowed)] || strlen(value) > 63)
        return false;
    for (size_t i = 0; i < array_length(odd_regions); i++)
        if (strcmp(value, odd_regions[i].region) == 0)
            return set_text(odd_regions[i].url, member, owned);
    buffer_init(&url, owned, 128);
    buffer_add_literal(&url, "https://apig.");
    buffer_add_text(&url, text_of(value));
    buffer_add_literal(&url, ".myhuaweicloud.com");
    buffer_add_char(&url, '\0');
    *member = url.at;
    return !url.full;
}

static bool set_address(const char *value, size_t bytes, struct config_address *address,
                        struct status *status)
{
    config_address_clear(address);
    return config_address_parse((struct text){value, bytes}, address, status);
}

/* Adds to what is there: the option may be repeated. */
static bool add_listeners(const char *value, struct config *config, struct status *status)
{
    for (;;) {
        size_t bytes = strcspn(value, ",");
        if (config->listen_count == CONFIG_LISTENERS)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "too many addresses");
        if (!set_address(value, bytes, &config->listen[config->listen_count], status))
            return false;
        config->listen_count++;
        if (value[bytes] == '\0')
            return true;
        value += bytes + 1;
    }
}

static bool set_member(const struct option *option, const char *value, struct config *config,
                       struct arena *owned, struct status *status)
{
    void *member = (char *)config + option->member;
    int word = 0;
    switch (option->kind) {
    case OPTION_SWITCH:
        return set_switch(value, member);
    case OPTION_NUMBER:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return set_quantity(option, value, member);
    case OPTION_SHARE:
        return set_share(value, member);
    case OPTION_TEXT:
        return set_text(value, member, owned);
    case OPTION_REGION:
        return set_region(value, member, owned);
    case OPTION_ADDRESS:
        return set_address(value, strlen(value), member, status);
    case OPTION_LISTENERS:
        return add_listeners(value, config, status);
    case OPTION_LOG_LEVEL:
        if (!find_word(value, level_words, array_length(level_words), &word))
            return false;
        config->log_level = (enum log_level)word;
        return true;
    case OPTION_LOG_FORMAT:
    default:
        if (!find_word(value, format_words, array_length(format_words), &word))
            return false;
        config->log_format = (enum log_format)word;
        return true;
    }
}

bool option_set(const struct option *option, const char *value, struct config *config,
                struct arena *owned, struct status *status)
{
    status_clear(status);
    if (set_member(option, value, config, owned, status))
        return true;
    struct buffer allowed;
    buffer_init(&allowed, owned, 128);
    option_allowed(option, &allowed);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "\"%.200s\": allowed is %.*s", value,
                       text_arguments(buffer_text(&allowed)));
}

bool config_duration_parse(struct text text, int64_t *ns, struct status *status)
{
    char value[32];
    uint64_t number;
    if (text.bytes >= sizeof value)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "the duration is too long");
    memcpy(value, text.at, text.bytes);
    value[text.bytes] = '\0';
    if (!read_quantity(value, &kind_units[OPTION_DURATION], &number) || number > DAY)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%s\": allowed is a duration up to 24h, such as 500ms", value);
    *ns = (int64_t)number;
    return true;
}
