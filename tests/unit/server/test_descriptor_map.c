/* SPDX-License-Identifier: MIT */
/* Is a value found by its descriptor, and does a late removal leave the next one alone? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/descriptor_map.h"

#include "base/banned.h"

static void a_value_is_found_by_its_descriptor(void **state)
{
    (void)state;
    struct descriptor_map map = {NULL, 0};
    int one, other;
    assert_null(descriptor_map_find(&map, 0));
    assert_null(descriptor_map_find(&map, -1));
    descriptor_map_set(&map, 0, &one);
    descriptor_map_set(&map, 1000, &other);
    assert_ptr_equal(descriptor_map_find(&map, 0), &one);
    assert_ptr_equal(descriptor_map_find(&map, 1000), &other);
    assert_null(descriptor_map_find(&map, 999));
    assert_null(descriptor_map_find(&map, 100000));
    assert_null(descriptor_map_find(&map, -1));
    descriptor_map_clear(&map);
    assert_null(descriptor_map_find(&map, 0));
}

static void a_late_removal_leaves_the_next_value_alone(void **state)
{
    (void)state;
    struct descriptor_map map = {NULL, 0};
    int first, second;
    descriptor_map_set(&map, 7, &first);
    descriptor_map_set(&map, 7, &second);
    descriptor_map_remove(&map, 7, &first);
    assert_ptr_equal(descriptor_map_find(&map, 7), &second);
    descriptor_map_remove(&map, 7, &second);
    assert_null(descriptor_map_find(&map, 7));
    descriptor_map_clear(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_by_its_descriptor),
        cmocka_unit_test(a_late_removal_leaves_the_next_value_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
