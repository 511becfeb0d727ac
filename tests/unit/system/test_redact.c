/* SPDX-License-Identifier: MIT */
/* Is every secret in use removed from a text, however it is cut and escaped, and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "system/redact.h"

#include "base/banned.h"

/* Of 64 bytes in which no two are followed by the same ones. */
#define TOKEN "MIIEabcdefghij0123456789/+=KLMNOPQRSTUVWXYZ._-klmnopqrstuvwxyz~!"

static void expect(struct secret_list *list, const char *text, const char *redacted)
{
    char copy[REDACT_BYTES];
    struct text given = text_of(text);
    memcpy(copy, given.data, given.size);
    struct text left = {copy, redact(list, copy, given.size)};
    if (!text_equal(left, text_of(redacted)))
        fail_msg("\"%s\" became \"%.*s\"", text, text_arguments(left));
}

static void expect_of(const char *secret, const char *text, const char *redacted)
{
    struct secret_list *list = secret_list_new();
    struct secret *kept = secret_new(list, text_of(secret));
    expect(list, text, redacted);
    secret_wipe(kept);
    secret_list_release(list);
}

static void any_24_bytes_of_a_secret_are_removed(void **state)
{
    (void)state;
    struct text token = text_literal(TOKEN);
    for (size_t size = 1; size <= token.size; size++)
        for (size_t begin = 0; begin + size <= token.size; begin++) {
            char text[128];
            snprintf(text, sizeof text, "<%.*s>", (int)size, token.data + begin);
            expect_of(TOKEN, text, size < 24 ? text : "<" REDACTED ">");
        }
}

static void all_of_a_short_secret_is_removed_from_8_bytes_on(void **state)
{
    (void)state;
    expect_of("1234567", "1234567", "1234567");
    expect_of("12345678", "x12345678x", "x" REDACTED "x");
    expect_of("12345678", "1234567 2345678", "1234567 2345678");
    expect_of("12345678901234567890123", "12345678901234567890123", REDACTED);
    expect_of("12345678901234567890123", "1234567890123456789012", "1234567890123456789012");
    expect_of("", "anything", "anything");
}

static void each_repetition_is_removed(void **state)
{
    (void)state;
    expect_of(TOKEN, TOKEN " and " TOKEN, REDACTED " and " REDACTED);
    expect_of(TOKEN, TOKEN TOKEN, REDACTED);
    expect_of("12121212", "x1212121212x", "x" REDACTED "x");
    expect_of("12345678", "12345678, 12345678", REDACTED ", " REDACTED);
}

static void a_secret_that_repeats_itself_is_removed(void **state)
{
    (void)state;
    char secret[2000], text[600];
    memset(secret, 't', sizeof secret - 1);
    memset(text, 't', sizeof text - 1);
    secret[sizeof secret - 1] = text[sizeof text - 1] = '\0';
    expect_of(secret, text, REDACTED);
    expect_of(secret, "ttttttttttttttttttttttt", "ttttttttttttttttttttttt");
    expect_of("0123456789abcdef0123456789abcdef0123456789abcdef-tail",
              "x0123456789abcdef0123456789abcdef-tail", "x" REDACTED);
}

static const char *const escapes[][2] = {
    {"%2F", "%2b"},
    {"%u002f", "%u002B"},
    {"&sol;", "&plus;"},
    {"&#47;", "&#43;"},
    {"&#x2f;", "&#X2B;"},
    {"&#0047;", "&#43"},
    {"\\/", "\\u002b"},
    {"\\u002F", "+"},
    {"\\x2f", "\\U0000002b"},
    {"\\u{2f}", "\\u{00002b}"},
    {"\\057", "\\053"},
    {"%252F", "%25252b"},
    {"&amp;#47;", "%26%2343;"},
    {"\\\\u002f", "&bsol;x2b"},
};

static void escapes_do_not_hide_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(escapes); i++) {
        char text[128];
        snprintf(text, sizeof text, "a 0123456789abcdef%s%sABCDEF z", escapes[i][0], escapes[i][1]);
        expect_of("0123456789abcdef/+ABCDEF", text, "a " REDACTED " z");
    }
}

static void a_secret_with_characters_of_escapes_is_removed(void **state)
{
    (void)state;
    expect_of("ab%41cd&lt;ef\\u0041", "<ab%41cd&lt;ef\\u0041>", "<" REDACTED ">");
    expect_of("ab%41cd&lt;ef\\u0041", "<ab%2541cd%26lt;ef%5Cu0041>", "<" REDACTED ">");
}

static void other_text_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "100%", "100%2", "&", "&#", "&#x;", "\\", "\\u00", "%41%42", "a\\nb &amp; \xe7\xbb\x84",
    };
    for (size_t i = 0; i < array_length(texts); i++)
        expect_of(TOKEN, texts[i], texts[i]);
    expect(NULL, TOKEN, TOKEN);
}

static void each_secret_of_a_list_counts_as_long_as_it_is_kept(void **state)
{
    (void)state;
    struct secret_list *list = secret_list_new();
    struct secret *first = secret_new(list, text_literal("first-secret")),
                  *second = secret_new(list, text_literal("second-secret")),
                  *outside = secret_new(NULL, text_literal("third-secret"));
    const char *text = "first-secret second-secret third-secret";
    expect(list, text, REDACTED " " REDACTED " third-secret");
    secret_wipe(first);
    expect(list, text, "first-secret " REDACTED " third-secret");
    secret_list_release(list);
    assert_true(text_equal(secret_value(second), text_literal("second-secret")));
    secret_wipe(second);
    secret_wipe(outside);
    secret_wipe(NULL);
    secret_list_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_24_bytes_of_a_secret_are_removed),
        cmocka_unit_test(all_of_a_short_secret_is_removed_from_8_bytes_on),
        cmocka_unit_test(each_repetition_is_removed),
        cmocka_unit_test(a_secret_that_repeats_itself_is_removed),
        cmocka_unit_test(escapes_do_not_hide_a_secret),
        cmocka_unit_test(a_secret_with_characters_of_escapes_is_removed),
        cmocka_unit_test(other_text_stays_as_it_is),
        cmocka_unit_test(each_secret_of_a_list_counts_as_long_as_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
