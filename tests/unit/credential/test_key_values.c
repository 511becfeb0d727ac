/* SPDX-License-Identifier: MIT */
/* Which INI files hold an access key, and does a refusal say what to change? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/key_values.h"

#include "base/banned.h"

#define SECRET "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"

static const struct good {
    const char *name, *file, *security_token, *project_id;
} goods[] = {
    {"as_the_vendor_writes_it", "[basic]\nak = AK\nsk = " SECRET "\n", "", ""},
    {"without_blanks_and_line_end", "[basic]\nak=AK\nsk=" SECRET, "", ""},
    {"with_colons", "[basic]\nak: AK\nsk : " SECRET "\n", "", ""},
    {"with_carriage_returns", "[basic]\r\nak = AK\r\nsk = " SECRET "\r\n", "", ""},
    {"with_a_byte_order_mark", "\xEF\xBB\xBF[basic]\nak = AK\nsk = " SECRET "\n", "", ""},
    {"names_in_capitals", "[basic]\nAK = AK\nSK = " SECRET "\n", "", ""},
    {"a_temporary_key",
     "[basic]\nak = AK\nsk = " SECRET "\nsecurity_token = gQpj==\nproject_id = p1\n",
     "gQpj==", "p1"},
    {"an_empty_security_token", "[basic]\nak = AK\nsk = " SECRET "\nsecurity_token =\n", "", ""},
    {"comments_and_empty_lines",
     "# mine\n\n; also = mine\n[basic]\n  # ak = other\nak = AK\n\nsk = " SECRET "\n", "", ""},
    {"other_sections_and_names",
     "top = 1\n[global]\nak = other\nnothing\n[ basic ]\nidp_id = x\nak = AK\nsk = " SECRET
     "\n[more]\nsk = other\n",
     "", ""},
    {"a_section_in_two_places", "[basic]\nak = AK\n[global]\n[basic]\nsk = " SECRET "\n", "", ""},
};

static const struct bad {
    const char *name, *file, *reason;
} bads[] = {
    {"an_empty_file", "", "no section [basic]"},
    {"another_section_alone", "[global]\nak = AK\nsk = " SECRET "\n", "no section [basic]"},
    {"a_token", "MIIabc", "no section [basic]"},
    {"no_access_key", "[basic]\nsk = " SECRET "\n", "ak is missing"},
    {"no_secret", "[basic]\nak = AK\n", "sk is missing"},
    {"an_empty_secret", "[basic]\nak = AK\nsk = \n", "sk is missing or empty"},
    {"a_name_twice", "[basic]\nak = AK\nsk = " SECRET "\nAK = BK\n", "ak stands in [basic] twice"},
    {"a_line_without_a_value", "[basic]\nak = AK\n" SECRET "\n", "line 3 is not of the form"},
    {"quotation_marks", "[basic]\nak = AK\nsk = \"" SECRET "\"\n", "sk has a quotation mark"},
    {"a_comment_behind_the_value", "[basic]\nak = AK # mine\nsk = " SECRET "\n",
     "ak has a character that is not visible ASCII"},
    {"a_comma", "[basic]\nak = AK,BK\nsk = " SECRET "\n", "ak has a quotation mark or a comma"},
    {"characters_beyond_ascii", "[basic]\nak = AK\nsk = \xC3\xA4" SECRET "\n",
     "sk has a character that is not visible ASCII"},
};

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("%.*s instead of %s", text_arguments(text), expected);
}

static void is_read(void **state)
{
    const struct good *good = *state;
    struct issued issued;
    struct status status;
    if (!key_values_parse(text_of(good->file), &issued, &status))
        fail_msg("%s", status.message);
    assert_int_equal(issued.kind, ISSUED_KEY);
    assert_text(issued.access, "AK");
    assert_text(issued.secret, SECRET);
    assert_text(issued.security, good->security_token);
    assert_text(issued.project, good->project_id);
}

static void is_refused(void **state)
{
    const struct bad *bad = *state;
    struct issued issued;
    struct status status;
    assert_false(key_values_parse(text_of(bad->file), &issued, &status));
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    if (!strstr(status.message, bad->reason))
        fail_msg("%s", status.message);
    assert_null(strstr(status.message, SECRET));
}

static void values_are_bounded(void **state)
{
    (void)state;
    static char content[CREDENTIAL_BYTES + 1];
    struct status status;
    memset(content, 'x', sizeof content);
    struct issued issued = {.kind = ISSUED_KEY,
                            .access = {content, KEY_BYTES},
                            .secret = {content, KEY_BYTES},
                            .security = {content, CREDENTIAL_BYTES}};
    assert_true(key_values_check(&issued, &status));
    struct text *texts[] = {&issued.access, &issued.secret, &issued.security};
    for (size_t i = 0; i < array_length(texts); i++) {
        texts[i]->size++;
        assert_false(key_values_check(&issued, &status));
        texts[i]->size--;
        assert_non_null(strstr(status.message, "is longer than"));
    }
}

int main(void)
{
    struct CMUnitTest tests[array_length(goods) + array_length(bads) + 1] = {
        cmocka_unit_test(values_are_bounded)};
    size_t count = 1;
    for (size_t i = 0; i < array_length(goods); i++)
        tests[count++] =
            (struct CMUnitTest){goods[i].name, is_read, NULL, NULL, (void *)(uintptr_t)&goods[i]};
    for (size_t i = 0; i < array_length(bads); i++)
        tests[count++] =
            (struct CMUnitTest){bads[i].name, is_refused, NULL, NULL, (void *)(uintptr_t)&bads[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
