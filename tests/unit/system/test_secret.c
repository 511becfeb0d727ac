/* SPDX-License-Identifier: MIT */
/* Does memory for credentials keep out of core dumps? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "system/secret.h"

#include "base/banned.h"

/* The kernel's flags of the mapping that `at` is in, "dd" for one that is not dumped. */
static void flags_of(const void *at, char *flags, size_t size)
{
    char line[512];
    bool inside = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        char *dash;
        uintptr_t begin = strtoull(line, &dash, 16);
        if (*dash == '-')
            inside = begin <= (uintptr_t)at && (uintptr_t)at < strtoull(dash + 1, NULL, 16);
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, size, "%s", line + 8);
    }
    fclose(maps);
}

static void secrets_are_zeroed_and_not_dumped(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4096, 100000};
    for (size_t i = 0; i < array_length(sizes); i++) {
        char flags[512] = "";
        char *secret = secret_alloc(sizes[i]);
        assert_non_null(secret);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(secret[at], 0);
        memset(secret, 's', sizes[i]);
        flags_of(secret + sizes[i] - 1, flags, sizeof flags);
        assert_non_null(strstr(flags, " dd"));
        secret_free(secret, sizes[i]);
    }
}

static void nothing_is_freed_without_harm(void **state)
{
    (void)state;
    secret_free(NULL, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_zeroed_and_not_dumped),
        cmocka_unit_test(nothing_is_freed_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
