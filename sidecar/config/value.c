/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/url.h"

#include "base/banned.h"

/* What nobody meant is cut at this for messages. */
#define SHOWN_BYTES 200

struct unit {
    const char *name;
    uint64_t factor;
};

/* Zero is written with the first of them. */
static const struct unit counts[] = {{"", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1},
                                    {"KiB", UINT64_C(1) << 10},
                                    {"MiB", UINT64_C(1) << 20},
                                    {"GiB", UINT64_C(1) << 30},
                                    {NULL, 0}};
static const struct unit durations[] = {{"s", CLOCK_NS_PER_S},        {"ms", CLOCK_NS_PER_MS},
                                        {"s", CLOCK_NS_PER_S},        {"m", 60 * CLOCK_NS_PER_S},
                                        {"h", 3600 * CLOCK_NS_PER_S}, {NULL, 0}};

static const char *const switch_words[] = {"false", "true", NULL};
static const char *const level_words[] = {
#define LEVEL_WORD(name, word) [LOG_##name] = (word),
    LOG_LEVELS(LEVEL_WORD)
#undef LEVEL_WORD
        NULL};
static const char *const format_words[] = {[LOG_JSON] = "json", [LOG_TEXT] = "text", NULL};

static const struct unit *const units_of[] = {
    [OPTION_NUMBER] = counts, [OPTION_SIZE] = sizes, [OPTION_DURATION] = durations};
/* The member is the index. */
static const char *const *const readable_name[] = {[OPTION_SWITCH] = switch_words,
                                                   [OPTION_LOG_LEVEL] = level_words,
                                                   [OPTION_LOG_FORMAT] = format_words};

static bool read_quantity(const struct unit *units, const char *written, uint64_t *number)
{
    size_t digits = strspn(written, "0123456789");
    uint64_t read;
    if (!text_to_u64((struct text){written, digits}, &read))
        return false;
    for (const struct unit *unit = units; unit->name; unit++)
        if (strcmp(written + digits, unit->name) == 0)
            return !__builtin_mul_overflow(read, unit->factor, number);
    return false;
}

/* With the largest unit that divides it. */
static void write_quantity(const struct unit *units, uint64_t number, struct buffer *out)
{
    const struct unit *best = units;
    for (const struct unit *unit = units + 1; unit->name; unit++)
        if (number > 0 && number % unit->factor == 0)
            best = unit;
    buffer_add_u64(out, number / best->factor);
    buffer_add_text(out, text_of(best->name));
}

static bool read_number(const struct option *option, const char *written, void *member,
                        struct arena *owned)
{
    (void)owned;
    uint64_t number;
    if (!read_quantity(units_of[option->kind], written, &number) || number < option->least ||
        number > option->most)
        return false;
    *(uint64_t *)member = number;
    return true;
}

static void write_number(const struct option *option, const void *member, struct buffer *out)
{
    write_quantity(units_of[option->kind], *(const uint64_t *)member, out);
}

static bool find_word(const char *const *words, const char *written, unsigned *index)
{
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(written, words[i]) != 0)
            continue;
        *index = i;
        return true;
    }
    return false;
}

static bool read_switch(const struct option *option, const char *written, void *member,
                        struct arena *owned)
{
    (void)owned;
    unsigned index;
    if (!find_word(readable_name[option->kind], written, &index))
        return false;
    *(bool *)member = index;
    return true;
}

static void write_switch(const struct option *option, const void *member, struct buffer *out)
{
    buffer_add_text(out, text_of(readable_name[option->kind][*(const bool *)member]));
}

_Static_assert(sizeof(enum log_level) == sizeof(unsigned) &&
                   sizeof(enum log_format) == sizeof(unsigned),
               "enums are stored as unsigned");

static bool read_word(const struct option *option, const char *written, void *member,
                      struct arena *owned)
{
    (void)owned;
    return find_word(readable_name[option->kind], written, member);
}

static void write_word(const struct option *option, const void *member, struct buffer *out)
{
    buffer_add_text(out, text_of(readable_name[option->kind][*(const unsigned *)member]));
}

static bool read_share(const struct option *option, const char *written, void *member,
                       struct arena *owned)
{
    (void)option, (void)owned;
    char *end;
    double share = strtod(written, &end);
    if (written[strspn(written, "0123456789.")] || end == written || *end || share > 1)
        return false;
    *(double *)member = share;
    return true;
}

static void write_share(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    char written[REAL_BYTES];
    buffer_add(out, written, text_from_real(written, *(const double *)member, false));
}

static bool keep(struct text text, void *member, struct arena *owned)
{
    const char *copy = arena_copy(owned, text.data, text.size);
    if (copy)
        *(const char **)member = copy;
    return copy;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* A file that a variable was made from often ends in a newline, which no name or path has. */
static bool read_text(const struct option *option, const char *written, void *member,
                      struct arena *owned)
{
    (void)option;
    for (const char *c = written; *c; c++)
        if (is_control(*c))
            return false;
    return keep(text_of(written), member, owned);
}

static bool read_upstream(const struct option *option, const char *written, void *member,
                          struct arena *owned)
{
    (void)option;
    struct text url;
    return url_is_upstream(text_of(written), &url) && keep(url, member, owned);
}

static bool read_proxy(const struct option *option, const char *written, void *member,
                       struct arena *owned)
{
    (void)option;
    return url_is_proxy(text_of(written)) && keep(text_of(written), member, owned);
}

static bool read_region(const struct option *option, const char *written, void *member,
                        struct arena *owned)
{
    (void)option;
    return url_is_region(text_of(written)) && keep(text_of(written), member, owned);
}

static void write_text(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const char *text = *(const char *const *)member;
    buffer_add_text(out, text_of(text ? text : "-"));
}

static bool read_address(const struct option *option, const char *written, void *member,
                         struct arena *owned)
{
    (void)option;
    struct status ignored;
    return config_address_parse(text_of(written), owned, member, &ignored);
}

static bool read_local_address(const struct option *option, const char *written, void *member,
                               struct arena *owned)
{
    struct address address;
    if (!read_address(option, written, &address, owned) || !config_address_is_local(&address))
        return false;
    *(struct address *)member = address;
    return true;
}

static void write_address(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const struct address *address = member;
    if (address->unix_path) {
        buffer_add_literal(out, "unix:");
        buffer_add_text(out, text_of(address->unix_path));
        return;
    }
    bool colons = strchr(address->host, ':');
    buffer_add_text(out, colons ? text_literal("[") : text_literal(""));
    buffer_add_text(out, text_of(address->host));
    buffer_add_text(out, colons ? text_literal("]:") : text_literal(":"));
    buffer_add_u64(out, address->port);
}

static bool read_listeners(const struct option *option, const char *written, void *member,
                           struct arena *owned)
{
    (void)option;
    struct status ignored;
    struct config *config = container_of(member, struct config, listen);
    for (;;) {
        struct text one = {written, strcspn(written, ",")};
        if (config->listen_count == CONFIG_LISTENERS ||
            !config_address_parse(one, owned, &config->listen[config->listen_count], &ignored))
            return false;
        config->listen_count++;
        if (written[one.size] == '\0')
            return true;
        written += one.size + 1;
    }
}

static void write_listeners(const struct option *option, const void *member, struct buffer *out)
{
    const struct address *listen = member;
    const struct config *config = (const void *)((const char *)member - option->member);
    for (size_t i = 0; i < config->listen_count; i++) {
        if (i > 0)
            buffer_add_char(out, ',');
        write_address(option, &listen[i], out);
    }
}

static bool read_callers(const struct option *option, const char *written, void *member,
                         struct arena *owned)
{
    (void)option;
    const struct config_caller **end = member;
    while (*end)
        end = (const struct config_caller **)(uintptr_t) & (*end)->next;
    for (;;) {
        struct text one = {written, strcspn(written, ",")};
        struct config_caller *caller = arena_alloc(owned, sizeof *caller);
        if (!caller || !config_caller_parse(one, owned, caller))
            return false;
        *end = caller;
        end = &caller->next;
        if (written[one.size] == '\0')
            return true;
        written += one.size + 1;
    }
}

static void write_callers(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const struct config_caller *caller = *(const struct config_caller *const *)member;
    if (!caller)
        buffer_add_char(out, '-');
    for (; caller; caller = caller->next) {
        buffer_add_text(out, text_of(config_caller_prefix(caller->kind)));
        buffer_add_text(out, caller->pattern);
        if (caller->next)
            buffer_add_char(out, ',');
    }
}

#define ADDRESS_FORMS "host:port, [IPv6]:port or unix:/path"

static const struct {
    bool (*read)(const struct option *option, const char *written, void *member,
                 struct arena *owned);
    void (*write)(const struct option *option, const void *member, struct buffer *out);
    const char *allowed; /* NULL: the words, or the option's range */
} kinds[] = {
    [OPTION_SWITCH] = {read_switch, write_switch, NULL},
    [OPTION_NUMBER] = {read_number, write_number, NULL},
    [OPTION_SIZE] = {read_number, write_number, NULL},
    [OPTION_DURATION] = {read_number, write_number, NULL},
    [OPTION_SHARE] = {read_share, write_share, "a number from 0 to 1"},
    [OPTION_TEXT] = {read_text, write_text, "text without control characters"},
    [OPTION_UPSTREAM] = {read_upstream, write_text,
                         "https://host[:port][/prefix], without user, query or fragment"},
    [OPTION_PROXY] = {read_proxy, write_text, "http://host:port, without user"},
    [OPTION_REGION] = {read_region, write_text, "a region's name, such as cn-north-4"},
    [OPTION_ADDRESS] = {read_address, write_address, ADDRESS_FORMS},
    [OPTION_LOCAL_ADDRESS] = {read_local_address, write_address,
                              "a loopback host:port or [IPv6]:port, or unix:/path"},
    [OPTION_LISTENERS] = {read_listeners, write_listeners,
                          "at most 16 of " ADDRESS_FORMS ", with commas between"},
    [OPTION_CALLERS] = {read_callers, write_callers,
                        "spiffe://domain/path with * in a segment, *.dns.name with * in a label, "
                        "uid:number or gid:number, with commas between"},
    [OPTION_LOG_LEVEL] = {read_word, write_word, NULL},
    [OPTION_LOG_FORMAT] = {read_word, write_word, NULL},
};

_Static_assert(CONFIG_LISTENERS == 16, "the message says how many");

/* "debug, info, warning or error" */
static void write_words(const char *const *words, struct buffer *out)
{
    for (size_t i = 0; words[i]; i++) {
        if (i > 0)
            buffer_add_text(out, words[i + 1] ? text_literal(", ") : text_literal(" or "));
        buffer_add_text(out, text_of(words[i]));
    }
}

static void write_range(const struct option *option, struct buffer *out)
{
    write_quantity(units_of[option->kind], option->least, out);
    buffer_add_literal(out, " to ");
    write_quantity(units_of[option->kind], option->most, out);
}

void value_allowed(const struct option *option, struct buffer *out)
{
    if (kinds[option->kind].allowed)
        buffer_add_text(out, text_of(kinds[option->kind].allowed));
    else if (readable_name[option->kind])
        write_words(readable_name[option->kind], out);
    else
        write_range(option, out);
}

void value_write(const struct option *option, const struct config *config, struct buffer *out)
{
    kinds[option->kind].write(option, (const char *)config + option->member, out);
}

struct text value_shown(struct text written, struct arena *arena)
{
    /* What has a user in front of a host may have a password too. */
    if (memchr(written.data, '@', written.size))
        return text_literal("…@…");
    struct buffer out;
    size_t bytes = text_cut(written, SHOWN_BYTES);
    buffer_init(&out, arena, bytes);
    for (size_t i = 0; i < bytes; i++)
        buffer_add_char(&out, is_control(written.data[i]) ? '?' : written.data[i]);
    return buffer_text(&out);
}

bool value_read(const struct option *option, const char *written, struct config *config,
                struct arena *owned, struct status *status)
{
    if (kinds[option->kind].read(option, written, (char *)config + option->member, owned))
        return true;
    struct buffer allowed;
    buffer_init(&allowed, owned, 128);
    value_allowed(option, &allowed);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "\"%.*s\": allowed is %.*s",
                       text_arguments(value_shown(text_of(written), owned)),
                       text_arguments(buffer_text(&allowed)));
}

bool config_duration_parse(struct text text, int64_t *ns, struct status *status)
{
    char written[32] = "";
    uint64_t number;
    if (text.size < sizeof written)
        memcpy(written, text.data, text.size);
    if (!read_quantity(durations, written, &number) ||
        number > (uint64_t)(24 * 3600 * CLOCK_NS_PER_S))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.*s\": allowed is a duration up to 24h, such as 500ms",
                           (int)text_cut(text, 200), text.data);
    *ns = (int64_t)number;
    return true;
}
