/* SPDX-License-Identifier: MIT */
/* Do patterns mean the same as in RE2, and is everything else refused? */
#include "constraint/constraint.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "validated.h"

static bool matches(struct text pattern, struct text value)
{
    struct violations violations;
    return match(pattern, value, &violations);
}

static const struct {
    const char *pattern, *matching, *other;
} meanings[] = {
    {"b", "abc", "ac"},
    {"^a$", "a", "a\n"},
    {"a$", "ba", "ab"},
    {"(?m)^b$", "a\nb\nc", "ab"},
    {"(?m)a\n^$", "a\n", "a"},
    {"(?s)a.b", "a\nb", "ab"},
    {"a.b", "a\rb", "a\nb"},
    {"^.$", "\xe4\xb8\xad", "\xe4\xb8\xad\xe4\xb8\xad"},
    {"(?i)stra\xc3\x9f"
     "e",
     "STRA\xc3\x9f"
     "E",
     "STRASSE"},
    {"(?i:A)b", "ab", "aB"},
    {"(?P<name>a)(?<other>b)(?:c)", "abc", "ab"},
    {"^a+?b*?c??$", "aabb", "b"},
    {"^\\++$", "++", "+-"},
    {"^\\}+$", "}}", "{"},
    {"^x{2,3}$", "xxx", "xxxx"},
    {"^x{2,}?$", "xxx", "x"},
    {"^x{$", "x{", "x"},
    {"^{,2}$", "{,2}", ""},
    {"^x{ 2}$", "x{ 2}", "xx"},
    {"^\\s$", "\t", "\v"},
    {"^\\S$", "\v", " "},
    {"^[\\s]$", " ", "\v"},
    {"^[^\\s]$", "\v", " "},
    {"^[\\S]$", "\v", " "},
    {"^[\\s\\S]$", "\n", "ab"},
    {"^\\v$", "\v", "\n"},
    {"^[\\v]$", "\v", "\n"},
    {"^\\d$", "7", "\xd9\xa7"},
    {"^\\w$", "a", "\xc3\xa9"},
    {"\\bab\\b", "x ab", "xab"},
    {"\\Aa\\z", "a", "ba"},
    {"^\\x41\\x{42}$", "AB", "AC"},
    {"^\\_\\-\\.$", "_-.", "_-a"},
    {"^\\pL\\p{Lu}\\P{Lu}$", "aAa", "aaA"},
    {"^\\p{^Lu}$", "a", "A"},
    {"^\\P{^Lu}$", "A", "a"},
    {"^\\p{Greek}$", "\xce\xb1", "a"},
    /* In many scripts, of which Greek is one, but not of the script Greek. */
    {"^\\P{Greek}$", "\xcd\x82", "\xce\xb1"},
    {"^\\p{Han}$", "\xe4\xb8\xad", "\xe3\x80\x81"},
    {"^\\p{Yi}$", "\xea\x80\x80", "\xe3\x80\x81"},
    {"^[[:alpha:][:^ascii:]]$", "a", "1"},
    {"^[]a]$", "]", "b"},
    {"^[^]a]$", "b", "]"},
    {"^[[a]$", "[", "b"},
    {"^[[.a.]+$", "[.", "b"},
    {"^[-a]$", "-", "b"},
    {"^[a-]$", "-", "b"},
    {"^[\\w-]$", "-", " "},
    {"^[\\-\\s]$", "-", "a"},
    {"^[\\]]$", "]", "a"},
    {"^[(*?+{]+$", "(*?+{", "a"},
    {"^[+--]$", ",", "."},
    /* A dash behind a class is a character. */
    {"^[\\s-z]$", "-", "a"},
    {"^[\\w-.]$", "-", "+"},
    {"^[\\w-\\d]$", "-", "+"},
    {"^[[:digit:]-z]$", "-", "a"},
    {"^[\\s--/]$", ".", "a"},
    {"^[.a.]$", ".", "b"},
    {"^[:alpha:]$", ":", "b"},
    {"^[=a=]$", "=", "b"},
    /* Upper and lower case of a class: U+212A is a K, U+017F an s. */
    {"(?i)^\\w$", "\xe2\x84\xaa", "-"},
    {"(?i)^\\W$", "-", "\xe2\x84\xaa"},
    {"(?i)^[[:alpha:]]$", "\xc5\xbf", "1"},
    {"(?i)^[[:upper:]]$", "a", "1"},
    {"^[[:upper:]]$", "A", "a"},
    {"^\\W$", "\xe2\x84\xaa", "a"},
    /* Negated in another one, beyond Latin-1. */
    {"^[.\\D[:alpha:]]$", "\xea\x80\x80", "1"},
    {"^[^\\D[:space:]]$", "1", "\xea\x80\x80"},
    {"^[^\\pL[:^space:]]$", " ", "\xe4\xb8\xad"},
    {"^[\\W]$", "-", "_"},
    {"^[\\D]$", "a", "5"},
    {"^a|b$", "ax", "xa"},
    {"", "", NULL},
    {"()", "a", NULL},
};

static void patterns_mean_what_they_mean_in_re2(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(meanings); i++) {
        struct text pattern = text_of(meanings[i].pattern);
        if (meanings[i].matching && !matches(pattern, text_of(meanings[i].matching)))
            fail_msg("%s does not match %s", meanings[i].pattern, meanings[i].matching);
        if (meanings[i].other && matches(pattern, text_of(meanings[i].other)))
            fail_msg("%s matches %s", meanings[i].pattern, meanings[i].other);
    }
    assert_true(matches((struct text){"^a\0b$", 5}, (struct text){"a\0b", 3}));
}

static const char *const foreign_patterns[] = {
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?>a)",
    "(?|a|b)",
    "(?#a)",
    "(?R)",
    "(?1)",
    "(?&a)",
    "(?P>a)",
    "(?P=a)",
    "(?'a'b)",
    "(?C)",
    "(?x)a b",
    "(?ix)a",
    "(?i-x:a)",
    "(?^)",
    "(?J)",
    "(?)",
    "(?-)",
    "(?i-)",
    "(?<a",
    "(?P<a",
    "(?<>a)",
    "(?P<a b>c)",
    "(*UTF)a",
    "(*ACCEPT)",
    "(a)\\1",
    "\\0",
    "\\12",
    "\\g1",
    "\\k<a>",
    "\\K",
    "\\R",
    "\\X",
    "\\N",
    "\\h",
    "\\H",
    "\\V",
    "\\Z",
    "\\G",
    "\\C",
    "\\e",
    "\\c@",
    "\\o{7}",
    "\\Qa\\E",
    "\\E",
    "\\u0041",
    "\\y",
    "\\\xc3\xa9",
    "\\",
    "\\x",
    "\\x4",
    "\\xg0",
    "\\x{}",
    "\\x{41",
    "\\p",
    "\\p{}",
    "\\p{L",
    "\\p{L&}",
    "\\p{Nothing}",
    "\\p1",
    "a++",
    "a*+",
    "a?+",
    "a{2}+",
    "a**",
    "a+*",
    "a*?*",
    "a{2}{3}",
    "a{1001}",
    "a{1,1001}",
    "*a",
    "a|*",
    "[a",
    "[]",
    "(a",
    "a)",
    "[b-a]",
    "[\\b]",
    "[\\B]",
    "[\\A]",
    "[\\z]",
    "[a-\\s]",
    "[+-[:digit:]]",

    "[[:alpha]",
    "[[:nothing:]]",
    "[[:<:]]a",
    "[[:>:]]",
    "[\\Q]",
    "\\Q[\\E(?=a)",
    "(?i)\\pL",
    "(?i:a)\\p{Lu}",
    "(?i)[\\W]",
    "(?i)[[:^alpha:]]",
    "a+??",
    "a*?+",
    "[[:alpha:]](?=a)",
    "[]](?=a)",
    "[^]](?=a)",
    "[\\]](?=a)",
    "\\\\(?=a)",
};

static bool is_kind(const char *name, int c)
{
    static const struct {
        const char *name;
        int (*is)(int c);
    } kinds[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };
    for (size_t i = 0; i < array_length(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return c < 128 && kinds[i].is(c);
    return c < 128 && (strcmp(name, "ascii") == 0 || isalnum(c) || c == '_');
}

static void named_classes_have_the_members_that_c_has(void **state)
{
    (void)state;
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    for (size_t i = 0; i < array_length(names); i++) {
        char plain[32], negated[32];
        snprintf(plain, sizeof plain, "^[[:%s:]]$", names[i]);
        snprintf(negated, sizeof negated, "^[[:^%s:]]$", names[i]);
        for (int c = 0; c <= 128; c++) {
            char *value = arena_alloc(&arena, 2);
            value[0] = c < 128 ? (char)c : '\xc2';
            value[1] = '\x80';
            struct text text = {value, c < 128 ? 1 : 2};
            if (matches(text_of(plain), text) != is_kind(names[i], c) ||
                matches(text_of(negated), text) == is_kind(names[i], c))
                fail_msg("[:%s:] and %d", names[i], c);
        }
    }
}

static void patterns_that_re2_does_not_have_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(foreign_patterns); i++)
        expect_refusal("Plain", "name", piece(14, piece(6, text_of(foreign_patterns[i]))),
                       "pattern");
    expect_refusal("Plain", "name", piece(14, piece(6, text_literal("\xff"))), "not UTF-8");
}

static void a_pattern_cannot_use_up_the_machine(void **state)
{
    (void)state;
    enum { MANY = 1 << 16 };
    char *text = malloc(MANY);
    assert_non_null(text);
    memset(text, 'a', MANY);
    text[MANY - 1] = 'b';
    /* Linear, whatever stack a compiled pattern has. */
    assert_true(matches(text_literal("^(?:a|b)*$"), (struct text){text, 4096}));
    assert_true(matches(text_literal("^[ab]*$"), (struct text){text, MANY}));
    assert_true(matches(text_literal("b$"), (struct text){text, MANY}));
    /* Exponential: given up, which is a violation that says so. */
    struct violations violations;
    assert_false(match(text_literal("^(a+)+$"), (struct text){text + MANY - 64, 64}, &violations));
    assert_non_null(memmem(violations.list[0].message.data, violations.list[0].message.size,
                           "too much work", 13));
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(patterns_mean_what_they_mean_in_re2),
        with_arena(named_classes_have_the_members_that_c_has),
        with_arena(patterns_that_re2_does_not_have_are_refused),
        with_arena(a_pattern_cannot_use_up_the_machine),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
