/* SPDX-License-Identifier: MIT */
#include "constraint/constraint.h"

#include "base/memory.h"

#include "base/banned.h"

/* Bounds on the work of one match, because the time of PCRE2 is not proportional to the text, as
 * that of RE2 is. */
#define MATCH_LIMIT 100000
#define HEAP_LIMIT_KIB 4096

/* Above the size of a pcre2_match_context. */
#define CONTEXT_BYTES 256

/*
 * In RE2, "$" is the end of the text and not of a line before it, and "^" of several lines is
 * behind the end of any line. The texts that groups match are not needed.
 */
#define OPTIONS                                                                                    \
    (PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C |           \
     PCRE2_NO_AUTO_CAPTURE)

static pcre2_code *compile(struct text translated, int *error)
{
    PCRE2_SIZE at;
    pcre2_compile_context *context = memory_expect(pcre2_compile_context_create(NULL));
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)translated.data, translated.size, OPTIONS, error, &at, context);
    pcre2_compile_context_free(context);
    /* Patterns are interpreted if the kernel does not allow compiled code. */
    if (code)
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

/* The size of all that a compiled pattern holds, of which its context is the smallest part. */
static size_t compiled_size(const pcre2_code *code)
{
    size_t size = 0, compiled_code = 0;
    pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
    pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &compiled_code);
    return size + compiled_code + CONTEXT_BYTES;
}

bool pattern_compile(struct text text, struct arena *arena, const struct pattern **pattern,
                     struct status *status)
{
    int error;
    struct buffer translated;
    if (!text_is_utf8(text))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "its pattern is not UTF-8");
    struct pattern *made = arena_zalloc(arena, sizeof *made);
    char *kept = arena_copy(arena, text.data, text.size);
    buffer_init(&translated, arena, text.size + 1);
    if (!re2_translate(text, &translated, status))
        return status_wrap(status, "pattern \"%.*s\"", text_arguments(text));
    if (!made || !kept || translated.full)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for a pattern");
    made->code = compile(buffer_text(&translated), &error);
    if (!made->code) {
        PCRE2_UCHAR why[128];
        pcre2_get_error_message(error, why, sizeof why);
        return status_fail(status, STATUS_INVALID_ARGUMENT, "pattern \"%.*s\" does not compile: %s",
                           text_arguments(text), (const char *)why);
    }
    if (!arena_charge(arena, compiled_size(made->code))) {
        pcre2_code_free(made->code);
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for a pattern");
    }
    made->context = memory_expect(pcre2_match_context_create(NULL));
    pcre2_set_match_limit(made->context, MATCH_LIMIT);
    pcre2_set_heap_limit(made->context, HEAP_LIMIT_KIB);
    made->text = (struct text){kept, text.size};
    *pattern = made;
    return true;
}

void pattern_release(const struct pattern *pattern)
{
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->context);
}

enum pattern_outcome pattern_match(const struct pattern *pattern, struct text utf8,
                                   pcre2_match_data *match)
{
    int outcome = pcre2_match(pattern->code, (PCRE2_SPTR)utf8.data, utf8.size, 0,
                              PCRE2_NO_UTF_CHECK, match, pattern->context);
    /* Compiled code has the stack of the thread alone; the interpreter has the arena. */
    if (outcome == PCRE2_ERROR_JIT_STACKLIMIT)
        outcome = pcre2_match(pattern->code, (PCRE2_SPTR)utf8.data, utf8.size, 0,
                              PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, pattern->context);
    if (outcome >= 0)
        return PATTERN_MATCHES;
    return outcome == PCRE2_ERROR_NOMATCH ? PATTERN_DOES_NOT_MATCH : PATTERN_GAVE_UP;
}
