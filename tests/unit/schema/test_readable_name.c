/* SPDX-License-Identifier: MIT */
#include "schema/readable_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_method_is_named_as_a_person_would(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"CreateApiGroup", "create API group"},
        {"Get", "get"},
        {"get", "get"},
        {"GetURLDomain", "get URL domain"},
        {"AttachSslCertificate", "attach SSL certificate"},
        {"DeleteVpcChannel", "delete VPC channel"},
        {"SyncAPI", "sync API"},
        {"X", "x"},
    };
    for (size_t i = 0; i < array_length(wanted); i++) {
        struct arena arena;
        arena_init(&arena, 4096);
        struct text words = readable_name(text_of(wanted[i][0]), &arena);
        if (!text_equal(words, text_of(wanted[i][1])))
            fail_msg("%s became \"%.*s\"", wanted[i][0], text_arguments(words));
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_method_is_named_as_a_person_would)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
