/* SPDX-License-Identifier: MIT */
/* Is each change of files reported once, and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "system/reload.h"

#include "base/banned.h"

static const unsigned char first[PEM_DIGEST_BYTES] = {1}, second[PEM_DIGEST_BYTES] = {2};

static enum reload_result load(struct reload *reload, const unsigned char *digest)
{
    struct status status;
    status_clear(&status);
    return reload_judge(reload, digest, &status);
}

static enum reload_result reject(struct reload *reload, const char *why)
{
    struct status status;
    status_set(&status, STATUS_FAILED_PRECONDITION, "%s", why);
    return reload_judge(reload, NULL, &status);
}

static void a_change_is_reported_once(void **state)
{
    (void)state;
    struct reload reload = {0};
    assert_int_equal(load(&reload, first), RELOAD_LOADED);
    assert_int_equal(load(&reload, first), RELOAD_NOTHING);
    assert_int_equal(load(&reload, second), RELOAD_LOADED);
    assert_int_equal(load(&reload, second), RELOAD_NOTHING);
    assert_int_equal(load(&reload, first), RELOAD_LOADED);
}

static void a_problem_is_reported_once_until_it_changes_or_ends(void **state)
{
    (void)state;
    struct reload reload = {0};
    assert_int_equal(load(&reload, first), RELOAD_LOADED);
    assert_int_equal(reject(&reload, "gone"), RELOAD_REJECTED);
    assert_int_equal(reject(&reload, "gone"), RELOAD_NOTHING);
    assert_int_equal(reject(&reload, "empty"), RELOAD_REJECTED);
    assert_int_equal(load(&reload, first), RELOAD_LOADED);
    assert_int_equal(load(&reload, first), RELOAD_NOTHING);
    assert_int_equal(reject(&reload, "empty"), RELOAD_REJECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_reported_once),
        cmocka_unit_test(a_problem_is_reported_once_until_it_changes_or_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
