/* SPDX-License-Identifier: MIT */
/* Do the functions that read a text from its front take the right part, and leave the rest? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ascii.h"
#include "base/text.h"

#include "base/banned.h"

static void assert_text(struct text text, const char *wanted)
{
    assert_true(text_equal(text, text_of(wanted)));
}

static const struct text nowhere = {NULL, 0};

static void a_prefix_and_a_suffix_are_compared_byte_by_byte(void **state)
{
    (void)state;
    assert_true(text_starts_with(text_of("unix:/a"), text_of("unix:")));
    assert_true(text_starts_with(text_of("a"), nowhere));
    assert_false(text_starts_with(text_of("uni"), text_of("unix")));
    assert_false(text_starts_with(text_of("Unix:"), text_of("unix")));
    assert_true(text_ends_with(text_of("a.b."), text_of(".")));
    assert_true(text_ends_with(nowhere, nowhere));
    assert_false(text_ends_with(text_of("b"), text_of("ab")));
    assert_false(text_ends_with(text_of("ab"), text_of("a")));
}

static void a_character_is_found_anywhere_in_a_text(void **state)
{
    (void)state;
    assert_true(text_contains(text_of("abc"), 'a'));
    assert_true(text_contains(text_of("abc"), 'c'));
    assert_true(text_contains((struct text){"a\0b", 3}, '\0'));
    assert_false(text_contains(text_of("abc"), '\0'));
    assert_false(text_contains(nowhere, 'a'));
}

static void all_characters_of_a_text_have_to_be_members(void **state)
{
    (void)state;
    assert_true(text_consists_of(text_of("0123"), ascii_is_digit));
    assert_true(text_consists_of(nowhere, ascii_is_digit));
    assert_false(text_consists_of(text_of("0123x"), ascii_is_digit));
    assert_false(text_consists_of(text_of("x0123"), ascii_is_digit));
}

static void an_identifier_does_not_begin_with_a_digit(void **state)
{
    (void)state;
    assert_true(text_is_identifier(text_of("_a1Z")));
    assert_true(text_is_identifier(text_of("Z")));
    assert_false(text_is_identifier(text_of("1a")));
    assert_false(text_is_identifier(text_of("a-b")));
    assert_false(text_is_identifier(nowhere));
}

static void a_skip_stops_at_the_end(void **state)
{
    (void)state;
    assert_text(text_skip(text_of("abc"), 0), "abc");
    assert_text(text_skip(text_of("abc"), 2), "c");
    assert_text(text_skip(text_of("abc"), 4), "");
    assert_null(text_skip(nowhere, 1).data);
}

static void a_part_ends_before_the_first_separator(void **state)
{
    (void)state;
    assert_text(text_until(text_of("a.b.c"), '.'), "a");
    assert_text(text_until(text_of(".b"), '.'), "");
    assert_text(text_until(text_of("abc"), '.'), "abc");
    assert_text(text_until(nowhere, '.'), "");
}

static void spaces_and_tabs_are_trimmed_at_both_ends(void **state)
{
    (void)state;
    assert_text(text_trim(text_of(" \t a b\t ")), "a b");
    assert_text(text_trim(text_of("a")), "a");
    assert_text(text_trim(text_of(" \t ")), "");
    assert_text(text_trim(text_of("\na\r")), "\na\r");
    assert_text(text_trim(nowhere), "");
}

static void a_character_or_a_prefix_is_taken_only_from_the_front(void **state)
{
    (void)state;
    struct text rest = text_of("aab");
    assert_true(text_take(&rest, 'a'));
    assert_text(rest, "ab");
    assert_false(text_take(&rest, 'b'));
    assert_text(rest, "ab");
    assert_false(text_take_prefix(&rest, text_of("abc")));
    assert_text(rest, "ab");
    assert_true(text_take_prefix(&rest, text_of("ab")));
    assert_int_equal(rest.size, 0);
    assert_false(text_take(&rest, 'b'));
}

static void a_size_is_taken_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct text rest = text_of("abc"), taken = text_of("x");
    assert_false(text_take_size(&rest, 4, &taken));
    assert_text(rest, "abc");
    assert_text(taken, "x");
    assert_true(text_take_size(&rest, 2, &taken));
    assert_text(taken, "ab");
    assert_text(rest, "c");
    assert_true(text_take_size(&rest, 1, &taken));
    assert_text(taken, "c");
    assert_int_equal(rest.size, 0);
}

static void the_longest_beginning_of_members_is_taken(void **state)
{
    (void)state;
    struct text rest = text_of("12a3");
    assert_text(text_take_while(&rest, ascii_is_digit), "12");
    assert_text(rest, "a3");
    assert_text(text_take_while(&rest, ascii_is_digit), "");
    assert_text(rest, "a3");
}

static void a_part_is_taken_with_its_separator(void **state)
{
    (void)state;
    struct text rest = text_of("a=b=c"), part = text_of("x");
    assert_true(text_take_until(&rest, '=', &part));
    assert_text(part, "a");
    assert_text(rest, "b=c");
    assert_false(text_take_until(&rest, ':', &part));
    assert_text(part, "a");
    assert_text(rest, "b=c");
    rest = nowhere;
    assert_false(text_take_until(&rest, ':', &part));
}

static void a_list_has_a_part_before_between_and_behind_separators(void **state)
{
    (void)state;
    static const char *const parts[] = {"a", "", "b", ""};
    struct text rest = text_of("a,,b,"), part;
    size_t count = 0;
    for (bool more = true; more; count++) {
        more = text_take_part(&rest, ',', &part);
        assert_in_range(count, 0, array_length(parts) - 1);
        assert_text(part, parts[count]);
    }
    assert_int_equal(count, array_length(parts));
    assert_int_equal(rest.size, 0);
}

/* The first byte that is not a member, at every place of texts of several sizes. */
static void a_span_ends_in_front_of_the_first_other_byte(void **state)
{
    (void)state;
    static const bool members[256] = {['m'] = true, [0xff] = true};
    for (size_t size = 0; size <= 13; size++)
        for (size_t other = 0; other <= size; other++) {
            char bytes[14];
            memset(bytes, 'm', sizeof bytes);
            bytes[size / 2] = (char)0xff;
            bytes[other] = 'o';
            assert_int_equal(text_span((struct text){bytes, size}, members), other);
        }
    assert_int_equal(text_span((struct text){NULL, 0}, members), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_ends_in_front_of_the_first_other_byte),
        cmocka_unit_test(a_prefix_and_a_suffix_are_compared_byte_by_byte),
        cmocka_unit_test(a_character_is_found_anywhere_in_a_text),
        cmocka_unit_test(all_characters_of_a_text_have_to_be_members),
        cmocka_unit_test(an_identifier_does_not_begin_with_a_digit),
        cmocka_unit_test(a_skip_stops_at_the_end),
        cmocka_unit_test(a_part_ends_before_the_first_separator),
        cmocka_unit_test(spaces_and_tabs_are_trimmed_at_both_ends),
        cmocka_unit_test(a_character_or_a_prefix_is_taken_only_from_the_front),
        cmocka_unit_test(a_size_is_taken_as_a_whole_or_not_at_all),
        cmocka_unit_test(the_longest_beginning_of_members_is_taken),
        cmocka_unit_test(a_part_is_taken_with_its_separator),
        cmocka_unit_test(a_list_has_a_part_before_between_and_behind_separators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
