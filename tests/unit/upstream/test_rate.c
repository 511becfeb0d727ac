/* SPDX-License-Identifier: MIT */
/* Is an upstream that throttles sent about as much as it accepts, and no more than a ceiling
 * allows? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "upstream/rate.h"

#define S CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS
#define ROUND_TRIP_MS 20
#define LONGEST_MS 700000

/* An upstream that allows `limit` calls in each window, whose words may name that. */
struct model {
    struct rate rate;
    struct rate_meter accepted;
    size_t waiting, answered, throttled, throttled_at_first;
    double limit, in_window;
    int64_t window_ms, began_ms;
    bool is_named;
    unsigned sent[LONGEST_MS]; /* in each millisecond */
};

static struct model model;

static void begin(size_t calls, double limit, int64_t window_ms, bool is_named)
{
    model = (struct model){
        .waiting = calls, .limit = limit, .window_ms = window_ms, .is_named = is_named};
    rate_init(&model.rate, &(struct rate_ceiling){0});
    model.began_ms = -window_ms;
}

static int64_t time_of(int64_t at_ms)
{
    return 1000 * S + at_ms * MS;
}

static void respond(int64_t at_ms)
{
    struct rate_throttle throttle = {.named = {0}};
    if (at_ms >= model.began_ms + model.window_ms) {
        model.began_ms = at_ms;
        model.in_window = 0;
    }
    if (++model.in_window <= model.limit) {
        model.answered++;
        rate_meter_count(&model.accepted, time_of(at_ms));
        return;
    }
    model.throttled++;
    model.throttled_at_first += at_ms < 200;
    model.waiting++;
    if (model.is_named)
        throttle.named = (struct rate_ceiling){model.limit, model.window_ms * MS};
    rate_throttled(&model.rate, &throttle, rate_meter_per_s(&model.accepted, time_of(at_ms)),
                   time_of(at_ms - ROUND_TRIP_MS), time_of(at_ms));
}

static void run(int64_t length_ms)
{
    for (int64_t at_ms = 0; at_ms < length_ms; at_ms++) {
        for (unsigned i = 0; at_ms >= ROUND_TRIP_MS && i < model.sent[at_ms - ROUND_TRIP_MS]; i++)
            respond(at_ms);
        while (model.sent[at_ms] < 32 && model.waiting > 0 &&
               rate_take(&model.rate, time_of(at_ms))) {
            model.waiting--;
            model.sent[at_ms]++;
        }
    }
}

static void nothing_waits_without_a_limit(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    assert_false(rate_limits(&rate));
    for (int i = 0; i < 100000; i++)
        assert_true(rate_take(&rate, S));
    assert_int_equal(rate_wait_ns(&rate, 1000, S), 0);
}

static void a_ceiling_is_never_exceeded_in_any_window(void **state)
{
    (void)state;
    static const struct rate_ceiling ceilings[] = {
        {5, S}, {200, 300 * S}, {1, 60 * S}, {0.5, S}, {1000, S}};
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        const struct rate_ceiling *ceiling = &ceilings[i];
        static int64_t taken_ns[20000];
        size_t count = 0;
        struct rate rate;
        rate_init(&rate, ceiling);
        for (int64_t now_ns = S; now_ns < S + 10 * ceiling->window_ns;
             now_ns += ceiling->window_ns / 2000)
            if (rate_take(&rate, now_ns))
                taken_ns[count++] = now_ns;
        size_t most = ceiling->calls < 1 ? 1 : (size_t)ceiling->calls;
        assert_in_range(count, (size_t)(9 * ceiling->calls * 0.95),
                        (size_t)(10 * ceiling->calls) + 1);
        for (size_t one = 0; one + most < count; one++)
            assert_true(taken_ns[one + most] - taken_ns[one] >= ceiling->window_ns * 999 / 1000);
    }
}

static void a_wait_is_that_of_the_calls_before(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){5, S});
    assert_int_equal(rate_wait_ns(&rate, 0, S), 0);
    assert_true(rate_take(&rate, S));
    assert_in_range(rate_wait_ns(&rate, 0, S), 199 * MS, 201 * MS);
    assert_in_range(rate_wait_ns(&rate, 49, S), 9990 * MS, 10010 * MS);
    rate_give_back(&rate);
    assert_true(rate_take(&rate, S));
}

static void the_longest_wait_is_a_time(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){1, 86400 * S});
    assert_in_range(rate_wait_ns(&rate, 1000000, S), 100 * 86400 * S, INT64_MAX / 2);
}

static void a_hundred_calls_at_five_a_second_are_answered_within_30_s(void **state)
{
    (void)state;
    for (int is_named = 0; is_named <= 1; is_named++) {
        begin(100, 5, 1000, is_named);
        run(30000);
        assert_true(model.answered >= 98);
        assert_in_range(model.throttled - model.throttled_at_first, 0, 20);
    }
}

static void a_named_window_is_waited_for(void **state)
{
    (void)state;
    begin(300, 200, 300000, true);
    run(30000);
    assert_int_equal(model.answered, 200);
    assert_in_range(model.throttled, 1, 100);
    assert_in_range(rate_wait_ns(&model.rate, 0, time_of(30000)), 260 * S, 275 * S);
    assert_true(rate_per_s(&model.rate, time_of(100)) > 0.4);
    begin(300, 200, 300000, true);
    run(640000);
    assert_int_equal(model.answered, 300);
}

static void a_steady_excess_is_throttled_rarely(void **state)
{
    (void)state;
    for (int is_named = 0; is_named <= 1; is_named++) {
        begin(100000, 50, 1000, is_named);
        run(600000);
        assert_true((double)model.answered >= 0.85 * 50 * 600);
        assert_in_range(model.throttled - model.throttled_at_first, 0, model.answered / 100);
    }
}

static void retry_after_is_obeyed(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    rate_throttled(&rate, &(struct rate_throttle){.retry_after_ns = 3 * S}, 10, S - 1, S);
    assert_false(rate_take(&rate, 4 * S - 1));
    assert_true(rate_wait_ns(&rate, 0, S) >= 3 * S);
    assert_true(rate_take(&rate, 5 * S));
}

static void a_named_day_is_a_pause_of_an_hour_and_a_rate_of_a_day(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    rate_throttled(&rate, &(struct rate_throttle){.named = {200, 86400 * S}}, 10, S - 1, S);
    assert_false(rate_take(&rate, 3600 * S));
    assert_in_range(rate_wait_ns(&rate, 0, S), 3600 * S, 3600 * S + 600 * S);
    assert_true(rate_take(&rate, 3601 * S + 600 * S));
    assert_true(rate_per_s(&rate, 3601 * S) <= 200.0 / 86400);
}

static void calls_that_left_before_a_decrease_cause_no_other(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    for (int i = 0; i < 100; i++)
        rate_throttled(&rate, &(struct rate_throttle){.retry_after_ns = 0}, 10, S - 1, S);
    assert_true(rate_per_s(&rate, S) > 6.9);
}

static void calls_that_were_accepted_at_the_same_time_raise_the_rate(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    rate_throttled(&rate, &(struct rate_throttle){.retry_after_ns = 0}, 0, S - 1, S);
    rate_accepted(&rate, 5);
    assert_true(rate_per_s(&rate, S) > 3.4);
}

static void a_rate_that_nothing_waits_for_is_forgotten(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    rate_throttled(&rate, &(struct rate_throttle){.retry_after_ns = 0}, 10, S - 1, S);
    assert_true(rate_limits(&rate));
    assert_true(rate_take(&rate, 40 * S));
    assert_false(rate_limits(&rate));
}

static void a_rate_is_forgotten_although_no_call_comes(void **state)
{
    (void)state;
    struct rate rate;
    rate_init(&rate, &(struct rate_ceiling){0});
    rate_throttled(&rate, &(struct rate_throttle){.retry_after_ns = 0}, 10, S - 1, S);
    rate_pass(&rate, 2 * S);
    assert_true(rate_limits(&rate));
    rate_pass(&rate, 40 * S);
    assert_false(rate_limits(&rate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_without_a_limit),
        cmocka_unit_test(a_ceiling_is_never_exceeded_in_any_window),
        cmocka_unit_test(a_wait_is_that_of_the_calls_before),
        cmocka_unit_test(the_longest_wait_is_a_time),
        cmocka_unit_test(a_hundred_calls_at_five_a_second_are_answered_within_30_s),
        cmocka_unit_test(a_named_window_is_waited_for),
        cmocka_unit_test(a_steady_excess_is_throttled_rarely),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(a_named_day_is_a_pause_of_an_hour_and_a_rate_of_a_day),
        cmocka_unit_test(calls_that_left_before_a_decrease_cause_no_other),
        cmocka_unit_test(calls_that_were_accepted_at_the_same_time_raise_the_rate),
        cmocka_unit_test(a_rate_that_nothing_waits_for_is_forgotten),
        cmocka_unit_test(a_rate_is_forgotten_although_no_call_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
