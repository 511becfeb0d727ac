/* SPDX-License-Identifier: MIT */
/* Which texts are the same to a reader, although their bytes differ? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/unicode.h"

#include "base/banned.h"

static const struct {
    const char *a, *b;
    bool equal;
} rows[] = {
    {"", "", true},
    {"group", "group", true},
    {"group", "Group", false},
    {"group", "group ", false},
    {"", "g", false},
    {"\xc3\xa9", "e\xcc\x81", true},                    /* an accent */
    {"e\xcc\x81", "e", false},                          /* is not ignored */
    {"a\xcc\xa3\xcc\x82", "a\xcc\x82\xcc\xa3", true},   /* two, in either order */
    {"a\xcc\x81\xcc\x82", "a\xcc\x82\xcc\x81", false},  /* that stack */
    {"\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1", true}, /* Hangul */
    {"\xef\xac\x81", "fi", false},                      /* compatibility only */
    {"\xe7\xbb\x84_1", "\xe7\xbb\x84_1", true},
    {"\xff", "\xff", true}, /* not UTF-8 */
    {"\xff", "\xfe", false},
};

static void texts_are_equal_when_they_differ_in_normalisation_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++)
        if (unicode_equal(text_of(rows[i].a), text_of(rows[i].b)) != rows[i].equal ||
            unicode_equal(text_of(rows[i].b), text_of(rows[i].a)) != rows[i].equal)
            fail_msg("row %zu, \"%s\" and \"%s\"", i, rows[i].a, rows[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_equal_when_they_differ_in_normalisation_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
