/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/ascii.h"
#include "config/config.h"

#include "base/banned.h"

/* The characters of a name of each kind, beside letters and digits. */
static const char *const marks[] = {
    [CALLER_URI] = "-._~%:@+=/", [CALLER_DNS] = "-._", [CALLER_UID] = "", [CALLER_GID] = ""};

bool config_caller_may_have(enum caller_kind kind, char c)
{
    if (kind == CALLER_UID || kind == CALLER_GID)
        return ascii_is_digit(c);
    return ascii_is_alphanumeric(c) || ascii_is_one_of(c, marks[kind]);
}

/* Scheme and trust domain have no "*"; the path may have some. */
static bool is_uri_pattern(struct text text)
{
    const char *authority = memmem(text.data, text.size, "://", 3);
    const char *end = text.data + text.size;
    authority = authority ? authority + 3 : end;
    const char *path = memchr(authority, '/', (size_t)(end - authority));
    return authority > text.data + 3 && path && path > authority && path + 1 < end &&
           !memchr(text.data, '*', (size_t)(path - text.data));
}

/* "*" alone is refused, because it would seem to allow every caller. */
static bool is_dns_pattern(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (ascii_is_alphanumeric(text.data[i]))
            return true;
    return false;
}

static bool is_id(struct text text)
{
    uint64_t number;
    return text_to_u64(text, &number) && number < UINT32_MAX &&
           (text.size == 1 || text.data[0] != '0');
}

static const struct {
    struct text begin;
    bool (*is_good)(struct text text);
} kinds[] = {
    [CALLER_URI] = {{"", 0}, is_uri_pattern},
    [CALLER_DNS] = {{"", 0}, is_dns_pattern},
    [CALLER_UID] = {{"uid:", 4}, is_id},
    [CALLER_GID] = {{"gid:", 4}, is_id},
};

static enum caller_kind kind_of(struct text written)
{
    if (text_starts_with(written, kinds[CALLER_UID].begin))
        return CALLER_UID;
    if (text_starts_with(written, kinds[CALLER_GID].begin))
        return CALLER_GID;
    return memmem(written.data, written.size, "://", 3) ? CALLER_URI : CALLER_DNS;
}

bool config_caller_parse(struct text written, struct arena *arena, struct config_caller *caller)
{
    enum caller_kind kind = kind_of(written);
    struct text rest = text_skip(written, kinds[kind].begin.size);
    for (size_t i = 0; i < rest.size; i++)
        if (rest.data[i] != '*' && !config_caller_may_have(kind, rest.data[i]))
            return false;
    if (!kinds[kind].is_good(rest))
        return false;
    const char *copy = arena_copy(arena, rest.data, rest.size);
    *caller = (struct config_caller){.kind = kind, .pattern = {copy, rest.size}};
    return copy;
}

const char *config_caller_prefix(enum caller_kind kind)
{
    return kinds[kind].begin.data;
}
