/* SPDX-License-Identifier: MIT */
/* Which transports share names and TLS sessions? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/share.h"

static void transports_that_trust_the_same_share(void **state)
{
    (void)state;
    struct share *current = share_new(0), *first = share_acquire(&current, 0),
                 *second = share_acquire(&current, 0);
    assert_ptr_equal(first, second);
    assert_int_equal(current->holders, 3);
    share_release(first);
    share_release(second);
    share_release(current);
}

static void a_change_of_what_is_trusted_leaves_the_former_share_to_its_holders(void **state)
{
    (void)state;
    struct share *current = share_new(0), *former = share_acquire(&current, 0),
                 *latter = share_acquire(&current, 1);
    assert_ptr_not_equal(former, latter);
    assert_ptr_equal(current, latter);
    assert_int_equal(former->holders, 1);
    share_release(former);
    share_release(latter);
    share_release(current);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transports_that_trust_the_same_share),
        cmocka_unit_test(a_change_of_what_is_trusted_leaves_the_former_share_to_its_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
