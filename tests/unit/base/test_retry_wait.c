/* SPDX-License-Identifier: MIT */
/* Do the waits that callers are given together differ, and by a fifth at most? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/retry_wait.h"

#include "base/banned.h"

static void a_wait_is_up_to_a_fifth_longer(void **state)
{
    (void)state;
    bool differs = false;
    for (int i = 0; i < 1000; i++) {
        int64_t wait_ms = retry_spread_ms(RETRY_SOON_MS);
        assert_in_range(wait_ms, RETRY_SOON_MS, RETRY_SOON_MS / 5 * 6);
        differs |= wait_ms != RETRY_SOON_MS;
    }
    assert_true(differs);
}

static void the_words_for_no_wait_stay(void **state)
{
    (void)state;
    assert_int_equal(retry_spread_ms(0), 0);
    assert_int_equal(retry_spread_ms(-1), -1);
    assert_in_range(retry_spread_ms(1), 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_is_up_to_a_fifth_longer),
        cmocka_unit_test(the_words_for_no_wait_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
