/* SPDX-License-Identifier: MIT */
#include "schema/rules.h"

#include "base/memory.h"

#include "base/banned.h"

/* RE2 needs time in proportion to the text; PCRE2 gives up instead (a match that gives up is a
 * violation). */
#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000

/* What RE2 has behind a backslash, and PCRE2 understands alike (github.com/google/re2/wiki/Syntax).
 */
static const char letters[] = "pPdDsSwWbBAzntrfaxQE";

/* What may follow "(?": a group's flags or name. */
static const char group_starts[] = ":imsU-P<";

static bool refuse(struct text text, size_t at, struct status *status)
{
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "pattern \"%.*s\": RE2 does not have what stands at byte %zu",
                       text_arguments(text), at);
}

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool group_is_known(const char *at, const char *end)
{
    if (at == end || !memchr(group_starts, *at, sizeof group_starts - 1))
        return false;
    /* "(?<name>" and "(?P<name>", but not look-behinds and references. */
    if (*at == '<')
        return end - at > 1 && is_word_character(at[1]);
    return *at != 'P' || (end - at > 1 && at[1] == '<');
}

/* "a++" and its like. */
static bool is_possessive(const char *start, const char *at)
{
    return *at == '+' && at > start && memchr("+*?}", at[-1], 4);
}

/* "(*VERB)", and groups that only PCRE2 has. */
static bool is_foreign_group(const char *at, const char *end)
{
    if (*at != '(' || end - at < 2)
        return false;
    return at[1] == '*' || (at[1] == '?' && !group_is_known(at + 2, end));
}

/* Behind the opening bracket of a class; one that comes first belongs to it. */
static const char *class_start(const char *at, const char *end)
{
    if (end - at > 1 && at[1] == '^')
        at++;
    if (end - at > 1 && at[1] == ']')
        at++;
    return at;
}

/* Look-arounds, references, possessive and recursive parts: PCRE2 has them, RE2 does not. */
static bool is_re2(struct text text, struct status *status)
{
    bool in_class = false;
    const char *end = text.at + text.bytes;
    for (const char *at = text.at; at < end; at++) {
        bool foreign = false;
        if (*at == '\\') {
            at++;
            foreign =
                at < end && is_word_character(*at) && !memchr(letters, *at, sizeof letters - 1);
        } else if (in_class) {
            in_class = *at != ']';
        } else if (*at == '[') {
            in_class = true;
            at = class_start(at, end);
        } else {
            foreign = is_foreign_group(at, end) || is_possessive(text.at, at);
        }
        if (foreign)
            return refuse(text, (size_t)(at - text.at), status);
    }
    return true;
}

bool pattern_compile(struct text text, struct arena *arena, struct pattern *pattern,
                     struct status *status)
{
    int error;
    PCRE2_SIZE at;
    char *kept = arena_copy(arena, text.at, text.bytes);
    if (!kept || !is_re2(text, status))
        return kept
                   ? false
                   : status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for a pattern");
    /* RE2's "$" is the end of the text, not of a line before it. */
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)kept, text.bytes,
                                     PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                                     &error, &at, NULL);
    if (!code) {
        PCRE2_UCHAR why[128];
        pcre2_get_error_message(error, why, sizeof why);
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "pattern \"%s\" does not compile at byte %zu: %s", kept, at,
                           (const char *)why);
    }
    /* Where the kernel does not let us, patterns are interpreted. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    *pattern = (struct pattern){.code = code,
                                .context = memory_expect(pcre2_match_context_create(NULL)),
                                .text = {kept, text.bytes}};
    pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
    pcre2_set_depth_limit(pattern->context, DEPTH_LIMIT);
    return true;
}

void pattern_release(struct pattern *pattern)
{
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->context);
}
