/* SPDX-License-Identifier: MIT */
/* Does a pattern match exactly the names that its author meant? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "server/access.h"

#include "base/banned.h"

#define URI "spiffe://test/ns/"

static const struct {
    const char *pattern;
    enum caller_kind kind;
    const char *name;
    bool matches;
} rows[] = {
    {URI "a", CALLER_URI, URI "a", true},
    {URI "a", CALLER_URI, URI "b", false},
    {URI "a", CALLER_URI, URI "ab", false},
    {URI "ab", CALLER_URI, URI "a", false},
    {URI "a", CALLER_URI, "SPIFFE://test/ns/a", false},
    {URI "*", CALLER_URI, URI "a", true},
    {URI "*", CALLER_URI, URI "", false},
    {URI "*", CALLER_URI, URI "a/b", false},
    {URI "*/x", CALLER_URI, URI "a/x", true},
    {URI "*/x", CALLER_URI, URI "/x", false},
    {URI "*/x", CALLER_URI, URI "a/b/x", false},
    {URI "*x", CALLER_URI, URI "axbx", true},
    {URI "*x", CALLER_URI, URI "x", false},
    {URI "a*b*c", CALLER_URI, URI "aXbXbXc", true},
    {URI "a*b*c", CALLER_URI, URI "abc", false},
    {URI "a*b*c", CALLER_URI, URI "aXbX", false},
    {URI "**", CALLER_URI, URI "ab", true},
    {URI "**", CALLER_URI, URI "a", false},
    {URI "*/a*", CALLER_URI, URI "a/a/ab", false},
    {URI "*", CALLER_URI, URI "a b", false},
    {URI "*", CALLER_URI, URI "*", false},
    {URI "*", CALLER_URI, URI "a?b", false},
    {URI "a", CALLER_DNS, URI "a", false},
    {"*.svc", CALLER_DNS, "a.svc", true},
    {"*.svc", CALLER_DNS, "A.SVC", true},
    {"*.svc", CALLER_DNS, "a.b.svc", false},
    {"*.svc", CALLER_DNS, ".svc", false},
    {"*.svc", CALLER_DNS, "*.svc", false},
    {"*.svc", CALLER_DNS, "a.svc.evil", false},
    {"*.svc", CALLER_DNS, "a.svc\n", false},
    {"a-*.svc", CALLER_DNS, "a-1.svc", true},
    {"a-*.svc", CALLER_DNS, "b-1.svc", false},
    {"uid:65532", CALLER_UID, "65532", true},
    {"uid:65532", CALLER_UID, "6553", false},
    {"uid:65532", CALLER_GID, "65532", false},
    {"gid:0", CALLER_GID, "0", true},
};

static struct config_caller parse(const char *pattern, struct arena *arena)
{
    struct config_caller caller;
    if (!config_caller_parse(text_of(pattern), arena, &caller))
        fail_msg("%s", pattern);
    return caller;
}

static void a_pattern_matches_what_the_table_says(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < array_length(rows); i++) {
        struct config_caller caller = parse(rows[i].pattern, &arena);
        struct identity name = {rows[i].kind, text_of(rows[i].name)};
        if (access_allows(&caller, &name, 1) != rows[i].matches)
            fail_msg("%s and %s", rows[i].pattern, rows[i].name);
    }
    arena_clear(&arena);
}

static void nothing_stands_behind_a_nul_byte(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct config_caller caller = parse("*.svc", &arena);
    struct identity names[] = {{CALLER_DNS, text_literal("a.svc\0.evil")},
                               {CALLER_DNS, text_literal("a\0b.svc")}};
    assert_false(access_allows(&caller, names, 2));
    arena_clear(&arena);
}

static void one_name_and_one_pattern_are_enough(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct config_caller second = parse("*.svc", &arena), first = parse("uid:1", &arena);
    struct identity names[] = {{CALLER_URI, text_literal("x://a/b")},
                               {CALLER_DNS, text_literal("a.svc")}};
    first.next = &second;
    assert_true(access_allows(&first, names, 2));
    assert_false(access_allows(&first, names, 1));
    assert_false(access_allows(&first, names, 0));
    assert_true(access_allows(NULL, names, 0));
    arena_clear(&arena);
}

static void a_name_longer_than_any_matches_nothing(void **state)
{
    (void)state;
    static char longer[2049];
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct config_caller caller = parse("x://a/*", &arena);
    memset(longer, 'a', sizeof longer);
    memcpy(longer, "x://a/", 6);
    struct identity name = {CALLER_URI, {longer, sizeof longer}};
    assert_false(access_allows(&caller, &name, 1));
    name.name.size--;
    assert_true(access_allows(&caller, &name, 1));
    arena_clear(&arena);
}

static void the_shown_name_is_legal_and_a_uri_comes_first(void **state)
{
    (void)state;
    struct identity names[] = {{CALLER_DNS, text_literal("a.svc")},
                               {CALLER_URI, text_literal("x://a/\x1b[2J")},
                               {CALLER_URI, text_literal("x://a/b")}};
    struct text shown = access_shown(names, 3);
    assert_true(text_equal(shown, names[2].name));
    assert_true(text_equal(access_shown(names, 2), names[0].name));
    assert_int_equal(access_shown(names + 1, 1).size, 0);
    assert_int_equal(access_shown(NULL, 0).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_what_the_table_says),
        cmocka_unit_test(nothing_stands_behind_a_nul_byte),
        cmocka_unit_test(one_name_and_one_pattern_are_enough),
        cmocka_unit_test(a_name_longer_than_any_matches_nothing),
        cmocka_unit_test(the_shown_name_is_legal_and_a_uri_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
