/* SPDX-License-Identifier: MIT */
/* Does each name have a hash of its own? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/caller_hash.h"

#include "base/banned.h"

static void a_name_has_one_hash_and_another_name_another(void **state)
{
    (void)state;
    struct text name = text_literal("spiffe://cluster.local/ns/shop/sa/basket");
    assert_true(caller_hash(name) == caller_hash(name));
    assert_true(caller_hash(name) != caller_hash(text_skip(name, 1)));
    assert_true(caller_hash(name) != caller_hash(text_literal("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_one_hash_and_another_name_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
