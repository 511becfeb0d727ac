/* SPDX-License-Identifier: MIT */
#include "server/access.h"

#include "base/ascii.h"

#include "base/banned.h"

#define LONGEST_NAME 2048

static const struct {
    char separator; /* that "*" does not match */
    bool nocase;
} kinds[] = {
    [CALLER_URI] = {'/', false},
    [CALLER_DNS] = {'.', true},
    [CALLER_UID] = {'\0', false},
    [CALLER_GID] = {'\0', false},
};

static bool is_same(enum caller_kind kind, char a, char b)
{
    return a == b || (kinds[kind].nocase && ascii_to_lower(a) == ascii_to_lower(b));
}

static bool star_matches(enum caller_kind kind, char c)
{
    return config_caller_may_have(kind, c) && c != kinds[kind].separator;
}

/* On a mismatch after a "*", the last one is extended by one character; earlier ones need not be.
 */
static bool matches(enum caller_kind kind, struct text pattern, struct text name)
{
    size_t p = 0, n = 0, after_star = 0, star_end = 0;
    while (n < name.size || p < pattern.size) {
        if (p < pattern.size && n < name.size && pattern.data[p] == '*' &&
            star_matches(kind, name.data[n])) {
            after_star = ++p;
            star_end = ++n;
        } else if (p < pattern.size && n < name.size && pattern.data[p] != '*' &&
                   is_same(kind, pattern.data[p], name.data[n])) {
            p++;
            n++;
        } else if (after_star && star_end < name.size && star_matches(kind, name.data[star_end])) {
            p = after_star;
            n = ++star_end;
        } else {
            return false;
        }
    }
    return true;
}

bool access_allows(const struct config_caller *callers, const struct identity *names, size_t count)
{
    if (!callers)
        return true;
    for (; callers; callers = callers->next)
        for (size_t i = 0; i < count; i++)
            if (names[i].kind == callers->kind && names[i].name.size <= LONGEST_NAME &&
                matches(callers->kind, callers->pattern, names[i].name))
                return true;
    return false;
}

static bool is_legal(const struct identity *identity)
{
    for (size_t i = 0; i < identity->name.size; i++)
        if (!config_caller_may_have(identity->kind, identity->name.data[i]))
            return false;
    return identity->name.size > 0;
}

struct text access_shown(const struct identity *names, size_t count)
{
    static const enum caller_kind order[] = {CALLER_URI, CALLER_DNS};
    for (size_t kind = 0; kind < array_length(order); kind++)
        for (size_t i = 0; i < count; i++)
            if (names[i].kind == order[kind] && is_legal(&names[i]))
                return names[i].name;
    return (struct text){"", 0};
}
