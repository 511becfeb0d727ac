/* SPDX-License-Identifier: MIT */
/* Is a JSON text that was cut off distinguished from a whole one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "http/json_end.h"

#include "base/banned.h"

static const char *const whole[] = {
    "{}",
    "[]",
    " \t\r\n{\"a\":[1,{\"b\":\"]}\"}]} \r\n",
    "{\"a\":\"\\\"}\"}",
    "{\"a\\\\\":\"\\\\\"}",
    "[[[]],[]]",
};

static void an_object_or_array_with_its_closing_bracket_is_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(whole); i++)
        if (!json_is_closed(text_of(whole[i])))
            fail_msg("%s is taken to be cut off", whole[i]);
}

static void no_shorter_text_is_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(whole); i++) {
        struct text text = text_of(whole[i]);
        while (text.size > 0 && memchr(" \t\r\n", text.data[text.size - 1], 4))
            text.size--;
        while (text.size-- > 0)
            if (json_is_closed(text))
                fail_msg("%zu bytes of %s are taken for all of it", text.size, whole[i]);
    }
}

static void a_text_that_does_not_say_where_it_ends_is_not_closed(void **state)
{
    (void)state;
    static const char *const others[] = {"", " ", "12", "true", "\"a\"", "{}{}", "{},", "]", "}{"};
    for (size_t i = 0; i < array_length(others); i++)
        if (json_is_closed(text_of(others[i])))
            fail_msg("\"%s\" is taken for an object or array", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_or_array_with_its_closing_bracket_is_closed),
        cmocka_unit_test(no_shorter_text_is_closed),
        cmocka_unit_test(a_text_that_does_not_say_where_it_ends_is_not_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
