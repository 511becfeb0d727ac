/* SPDX-License-Identifier: MIT */
/* Are the rules of Durations, Timestamps and FieldMasks enforced as protovalidate defines them? */
#include "constraint/constraint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <time.h>

#include "validated.h"

/* A message as lines, and the violation of it. */
struct message_row {
    const char *lines, *broken;
};

static void expect_messages(const char *type, const struct message_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_violations(type, rows[i].lines, rows[i].broken);
}

static void durations_are_compared_to_the_nanosecond(void **state)
{
    (void)state;
    static const struct message_row rows[] = {
        {"", "required: required"},
        {"required=\nconst.seconds=5", ""},
        {"required=\nconst.seconds=5\nconst.nanos=1", "const: duration.const"},
        {"required=\nlt.nanos=499999999", ""},
        {"required=\nlt.nanos=500000000", "lt: duration.lt"},
        {"required=\nlt.seconds=-5", ""},
        {"required=\nlte.seconds=5", ""},
        {"required=\nlte.seconds=5\nlte.nanos=1", "lte: duration.lte"},
        {"required=\nrange.seconds=-1", ""},
        {"required=\nrange.seconds=-1\nrange.nanos=-1", "range: duration.gt_lt"},
        {"required=\nrange.seconds=5", "range: duration.gt_lt"},
        {"required=\nrange.seconds=9223372036854775807", "range: duration.gt_lt"},
        {"required=\noutside.seconds=5", ""},
        {"required=\noutside.seconds=10", ""},
        {"required=\noutside.seconds=7", "outside: duration.gte_lte_exclusive"},
        {"required=\nin.nanos=2", ""},
        {"required=\nin.seconds=2", "in: duration.in"},
        {"required=\nnot_in.seconds=2", ""},
        {"required=\nnot_in.seconds=1", "not_in: duration.not_in"},
        {"required=\nitems.seconds=1\nitems=", "items[1]: duration.gte"},
        {"required=\nvalues.a.seconds=0", "values[\"a\"]: duration.gte"},
    };
    expect_messages("Durations", rows, array_length(rows));
}

static void timestamps_are_compared_with_others_and_with_now(void **state)
{
    (void)state;
    char near[64], far[64];
    static const struct message_row rows[] = {
        {"", ""},
        {"const.seconds=1704067200", ""},
        {"const.seconds=1704067201", "const: timestamp.const"},
        {"range.seconds=1704067201", ""},
        {"range.seconds=1704067201\nrange.nanos=500000000", "range: timestamp.gte_lt"},
        {"lt_now.seconds=1", ""},
        {"lt_now.seconds=253402300799", "lt_now: timestamp.lt_now"},
        {"gt_now.seconds=253402300799", ""},
        {"gt_now.seconds=1", "gt_now: timestamp.gt_now"},
        {"within.seconds=1", "within: timestamp.within"},
        {"within.seconds=253402300799", "within: timestamp.within"},
        {"within.seconds=-9223372036854775807", "within: timestamp.within"},
        {"not_now.seconds=1", ""},
    };
    expect_messages("Timestamps", rows, array_length(rows));
    snprintf(near, sizeof near, "within.seconds=%lld", (long long)time(NULL) - 3000);
    expect_violations("Timestamps", near, "");
    snprintf(far, sizeof far, "within.seconds=%lld", (long long)time(NULL) + 7200);
    expect_violations("Timestamps", far, "within: timestamp.within");
}

static void a_path_of_a_mask_covers_what_lies_below_it(void **state)
{
    (void)state;
    static const struct message_row rows[] = {
        {"", ""},
        {"const.paths=a\nconst.paths=b.c", ""},
        {"const.paths=a", "const: field_mask.const"},
        {"const.paths=b.c\nconst.paths=a", "const: field_mask.const"},
        {"in=", ""},
        {"in.paths=a\nin.paths=a.x\nin.paths=b.c", ""},
        {"in.paths=ab", "in: field_mask.in"},
        {"in.paths=b", "in: field_mask.in"},
        {"not_in.paths=b\nnot_in.paths=ab", ""},
        {"not_in.paths=a", "not_in: field_mask.not_in"},
        {"not_in.paths=b.c.d", "not_in: field_mask.not_in"},
    };
    expect_messages("FieldMasks", rows, array_length(rows));
}

static void the_requirement_has_the_values_of_the_rule(void **state)
{
    (void)state;
    static const struct {
        const char *type, *lines, *message;
    } rows[] = {
        {"Durations", "required=\nlt.seconds=1", "lt: must be below 0.5s"},
        {"Durations", "required=\nrange.seconds=9",
         "range: must be above -1.000000001s and below 5s"},
        {"Timestamps", "const.seconds=1", "const: must be 2024-01-01T00:00:00Z"},
        {"Timestamps", "range.seconds=1",
         "range: must be at least 2024-01-01T00:00:00Z and below 2024-01-01T00:00:01.5Z"},
        {"Timestamps", "gt_now.seconds=1", "gt_now: must be in the future"},
        {"Timestamps", "within.seconds=1",
         "within: must not differ from the current time by more than 3600s"},
        {"FieldMasks", "in.paths=x", "in: must have only paths of \"a\", \"b.c\""},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        struct violations violations;
        assert_false(check(rows[i].type, rows[i].lines, &violations, &status));
        assert_string_equal(status.message, rows[i].message);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        with_arena(durations_are_compared_to_the_nanosecond),
        with_arena(timestamps_are_compared_with_others_and_with_now),
        with_arena(a_path_of_a_mask_covers_what_lies_below_it),
        with_arena(the_requirement_has_the_values_of_the_rule),
    };
    return cmocka_run_group_tests(tests, validated_load, validated_unload);
}
