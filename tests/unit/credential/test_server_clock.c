/* SPDX-License-Identifier: MIT */
/* Is a wrong clock corrected, in both directions, and no other? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/server_clock.h"

#include "base/banned.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE_NS (784111777 * CLOCK_NS_PER_S)
#define UNTOUCHED 77

/* The offset when our clock shows Date plus that many seconds. */
static int64_t offset_at(const char *date, const char *age, int64_t ahead_s, int64_t ago_s)
{
    const struct http_field fields[] = {
        {.name = text_literal("Date"), .value = text_of(date)},
        {.name = text_literal("Age"), .value = text_of(age)},
    };
    const struct http_response response = {.status = 200, .fields = fields, .field_count = 2};
    int64_t offset_ns = UNTOUCHED;
    bool known = server_clock_offset(&response, ago_s * CLOCK_NS_PER_S,
                                     DATE_NS + ahead_s * CLOCK_NS_PER_S, &offset_ns);
    assert_true(known || offset_ns == UNTOUCHED);
    return offset_ns;
}

static void a_clock_that_is_an_hour_off_is_corrected(void **state)
{
    (void)state;
    assert_int_equal(offset_at(DATE, "", 3600, 0), (-3600 * CLOCK_NS_PER_S + CLOCK_NS_PER_S / 2));
    assert_int_equal(offset_at(DATE, "", -3600, 0), (3600 * CLOCK_NS_PER_S + CLOCK_NS_PER_S / 2));
}

static void the_middle_between_request_and_response_counts(void **state)
{
    (void)state;
    assert_int_equal(offset_at(DATE, "", 3600, 20), (-3590 * CLOCK_NS_PER_S + CLOCK_NS_PER_S / 2));
}

static void a_small_difference_is_none(void **state)
{
    (void)state;
    assert_int_equal(offset_at(DATE, "", 59, 0), 0);
    assert_int_equal(offset_at(DATE, "", -59, 0), 0);
}

static void a_response_without_a_time_of_its_own_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(offset_at(DATE, "7", 3600, 0), UNTOUCHED);
    assert_int_equal(offset_at("", "", 3600, 0), UNTOUCHED);
    assert_int_equal(offset_at("yesterday", "", 3600, 0), UNTOUCHED);
    assert_int_equal(offset_at(DATE, "", 86401, 0), UNTOUCHED);
    assert_int_equal(offset_at(DATE, "", -86401, 0), UNTOUCHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_is_an_hour_off_is_corrected),
        cmocka_unit_test(the_middle_between_request_and_response_counts),
        cmocka_unit_test(a_small_difference_is_none),
        cmocka_unit_test(a_response_without_a_time_of_its_own_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
