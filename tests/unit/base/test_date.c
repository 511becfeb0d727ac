/* SPDX-License-Identifier: MIT */
/* Is a time written as the date that it has in UTC? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/date.h"

#include "base/banned.h"

static void a_time_is_a_date_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t second;
        const char *date;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {1785834322, "2026-08-04T09:05:22Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {-62135596800, "0001-01-01T00:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        char date[DATE_BYTES];
        date_write(date, rows[i].second);
        assert_string_equal(date, rows[i].date);
    }
}

static void a_time_that_no_calendar_has_stays_within_its_bounds(void **state)
{
    (void)state;
    static const int64_t seconds[] = {INT64_MAX, INT64_MIN, 253402300800, -62135596801};
    for (size_t i = 0; i < array_length(seconds); i++) {
        char date[DATE_BYTES + 1] = {[DATE_BYTES] = '#'};
        date_write(date, seconds[i]);
        assert_int_equal(date[DATE_SIZE], 'Z');
        assert_int_equal(date[DATE_SIZE + 1], '\0');
        assert_int_equal(date[DATE_BYTES], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_a_date_in_utc),
        cmocka_unit_test(a_time_that_no_calendar_has_stays_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
