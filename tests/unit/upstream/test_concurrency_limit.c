/* SPDX-License-Identifier: MIT */
/* Does the limit follow the number of exchanges that the upstream can work on at a time? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/concurrency_limit.h"

#define MS CLOCK_NS_PER_MS

/* An upstream that works on `places` requests at once; the others wait there. */
struct model {
    struct concurrency_limit limit;
    size_t places;
    int64_t takes_ns, deadline_ns, now_ns;
};

static struct model model_of(size_t places, int64_t takes_ns)
{
    struct model model = {
        .places = places, .takes_ns = takes_ns, .deadline_ns = CLOCK_NS_PER_S, .now_ns = 1};
    concurrency_limit_init(&model.limit, CONCURRENCY_LIMIT_FIRST, 512);
    return model;
}

static void end(struct model *model, enum exchange_ending ending, bool lapsed, int64_t began_ns)
{
    (void)concurrency_limit_ended(&model->limit, ending, lapsed, began_ns, model->now_ns);
}

/* Every exchange that the limit allows begins at once and ends, while others wait. */
static void run_round(struct model *model)
{
    size_t count = model->limit.now;
    int64_t began_ns = model->now_ns + 1;
    for (size_t i = 0; i < count; i++)
        concurrency_limit_began(&model->limit, began_ns);
    concurrency_limit_wanted(&model->limit);
    for (size_t i = 0; i < count; i++) {
        int64_t took_ns = (int64_t)(i / model->places + 1) * model->takes_ns;
        bool missed = took_ns > model->deadline_ns;
        model->now_ns = began_ns + (missed ? model->deadline_ns : took_ns);
        end(model, missed ? EXCHANGE_MISSED : EXCHANGE_RESPONDED, false, began_ns);
        concurrency_limit_wanted(&model->limit);
    }
}

static void run(struct model *model, unsigned rounds)
{
    while (rounds-- > 0)
        run_round(model);
}

static void the_limit_begins_small_and_stays_while_no_call_waits(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    for (int i = 0; i < 1000; i++) {
        concurrency_limit_began(&model.limit, model.now_ns);
        model.now_ns += model.takes_ns;
        end(&model, EXCHANGE_RESPONDED, false, model.now_ns - model.takes_ns);
    }
    assert_int_equal(model.limit.now, CONCURRENCY_LIMIT_FIRST);
    concurrency_limit_init(&model.limit, CONCURRENCY_LIMIT_FIRST, 3);
    assert_int_equal(model.limit.now, 3);
}

static void
an_upstream_that_answers_in_milliseconds_gets_as_many_as_the_sidecar_can_use(void **state)
{
    (void)state;
    struct model model = model_of(1000, 5 * MS), slower = model_of(1000, 20 * MS);
    run(&model, 100);
    assert_in_range(model.limit.now, 50, 75); /* 10,000 a second */
    run(&slower, 100);
    assert_in_range(slower.limit.now, 200, 300);
}

static void a_few_long_exchanges_among_many_do_not_raise_the_limit(void **state)
{
    (void)state;
    struct model model = model_of(1000, MS);
    run(&model, 10);
    for (int i = 0; i < 10000; i++) {
        int64_t took_ns = i % 10 < 9 ? MS : 15 * MS;
        concurrency_limit_began(&model.limit, model.now_ns);
        concurrency_limit_wanted(&model.limit);
        model.now_ns += took_ns;
        end(&model, EXCHANGE_RESPONDED, false, model.now_ns - took_ns);
    }
    assert_in_range(model.limit.now, 32, 48);
}

static void an_upstream_that_answers_at_once_gets_32(void **state)
{
    (void)state;
    struct model model = model_of(1000, MS);
    run(&model, 100);
    assert_in_range(model.limit.now, 32, 48);
}

static void durations_that_vary_below_20_ms_never_shrink_the_limit(void **state)
{
    (void)state;
    struct model model = model_of(1000, MS / 5);
    for (int i = 0; i < 1000; i++) {
        model.takes_ns = i % 100 < 90 ? MS / 5 : 4 * MS;
        run_round(&model);
        assert_true(model.limit.now >= CONCURRENCY_LIMIT_FIRST);
    }
}

static void an_upstream_that_works_on_all_at_once_gets_all_within_some_rounds(void **state)
{
    (void)state;
    struct model model = model_of(1000, 60 * MS);
    run(&model, 8);
    assert_int_equal(model.limit.now, 512);
}

static void a_small_upstream_gets_few_at_a_time(void **state)
{
    (void)state;
    static const size_t places[] = {1, 2, 8, 32, 128};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct model model = model_of(places[i], 100 * MS);
        run(&model, 100);
        assert_in_range(model.limit.now, places[i] / 2,
                        3 * CONCURRENCY_LIMIT_FIRST + 4 * places[i]);
    }
}

/* An upstream that works on all at once, for 20 to 180 ms each. */
static void run_varied_round(struct model *model)
{
    size_t count = model->limit.now;
    int64_t began_ns = model->now_ns + 1;
    for (size_t i = 0; i < count; i++)
        concurrency_limit_began(&model->limit, began_ns);
    for (size_t i = 0; i < count; i++) {
        concurrency_limit_wanted(&model->limit);
        model->now_ns = began_ns + (20 + (int64_t)(i * 67 % 161)) * MS;
        end(model, EXCHANGE_RESPONDED, false, began_ns);
    }
}

static void durations_that_vary_are_not_taken_for_a_queue(void **state)
{
    (void)state;
    struct model model = model_of(1000, 0);
    for (int i = 0; i < 40; i++) {
        run_varied_round(&model);
        assert_true(model.limit.now >= CONCURRENCY_LIMIT_FIRST);
    }
    assert_int_equal(model.limit.now, 512);
}

static void a_shrink_is_judged_when_the_queue_of_before_is_gone(void **state)
{
    (void)state;
    struct model model = model_of(16, 100 * MS);
    size_t before;
    do {
        before = model.limit.now;
        run_round(&model);
    } while (model.limit.now >= before);
    double best_ns = model.limit.best_ns;
    model.takes_ns = 900 * MS; /* those that begin now are behind the queue */
    run_round(&model);
    assert_true(model.limit.best_ns == best_ns);
    model.takes_ns = 100 * MS;
    run(&model, 3);
    assert_in_range((int64_t)model.limit.best_ns, 100 * MS, 150 * MS);
    assert_in_range(model.limit.now, 8, 40);
}

/* Five of eight exchanges miss their deadline after that time; the others are answered. */
static void run_round_with_misses(struct model *model, int64_t missed_ns)
{
    size_t count = model->limit.now;
    int64_t began_ns = model->now_ns + 1;
    for (size_t i = 0; i < count; i++)
        concurrency_limit_began(&model->limit, began_ns);
    concurrency_limit_wanted(&model->limit);
    for (size_t i = 0; i < count; i++) {
        bool missed = i * 5 % 8 < 5;
        model->now_ns = began_ns + (missed ? missed_ns : model->takes_ns);
        end(model, missed ? EXCHANGE_MISSED : EXCHANGE_RESPONDED, false, began_ns);
    }
}

static void misses_beside_short_exchanges_do_not_halve_the_limit(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    run(&model, 10);
    for (int i = 0; i < 10; i++)
        run_round_with_misses(&model, 400 * MS);
    assert_int_equal(model.limit.now, 512);
}

static void deadlines_that_were_too_short_do_not_halve_the_limit(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    run(&model, 10);
    model.takes_ns = 145 * MS;
    for (int i = 0; i < 10; i++)
        run_round_with_misses(&model, 148 * MS);
    assert_int_equal(model.limit.now, 512);
    for (int i = 0; i < 10; i++)
        run_round_with_misses(&model, 400 * MS);
    assert_in_range(model.limit.now, 1, 256);
}

static void a_limit_that_was_halved_after_it_shrank_is_not_restored(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    run(&model, 10);
    model.takes_ns = 300 * MS;
    size_t before = model.limit.now;
    while (model.limit.now >= before)
        run_round(&model);
    before = model.limit.now;
    while (model.limit.now >= before)
        run_round_with_misses(&model, 600 * MS);
    size_t halved = model.limit.now;
    run(&model, 2);
    assert_in_range(model.limit.now, 1, 2 * halved);
}

static void an_upstream_that_has_become_slow_for_all_keeps_its_limit(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    run(&model, 10);
    model.takes_ns = 300 * MS;
    run(&model, 4);
    assert_int_equal(model.limit.now, 512);
}

static void fewer_begin_when_deadlines_pass_in_the_upstream(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    run(&model, 10);
    model.takes_ns = 2 * CLOCK_NS_PER_S;
    run(&model, 3);
    assert_in_range(model.limit.now, 1, 128);
    run(&model, 20);
    assert_int_equal(model.limit.now, 1);
}

static void a_lease_follows_the_usual_duration(void **state)
{
    (void)state;
    struct model quick = model_of(1000, 5 * MS), slow = model_of(1000, 500 * MS);
    run(&quick, 20);
    run(&slow, 20);
    assert_int_equal(concurrency_limit_lease_ns(&quick.limit), 250 * MS);
    assert_in_range(concurrency_limit_lease_ns(&slow.limit), 1990 * MS, 2010 * MS);
}

/* As many as the limit allows begin, and their leases end. */
static int64_t lapse_all(struct model *model)
{
    int64_t began_ns = ++model->now_ns;
    for (size_t i = 0; i < model->limit.now; i++)
        concurrency_limit_began(&model->limit, began_ns);
    model->now_ns += concurrency_limit_lease_ns(&model->limit);
    for (size_t i = 0; i < model->limit.now; i++)
        concurrency_limit_lapsed(&model->limit, began_ns, model->now_ns);
    return began_ns;
}

static void before_any_response_a_lease_has_a_fixed_length(void **state)
{
    (void)state;
    struct model model = model_of(1000, 100 * MS);
    int64_t began_ns = lapse_all(&model);
    assert_int_equal(concurrency_limit_lease_ns(&model.limit), CONCURRENCY_LIMIT_FIRST_LEASE_NS);
    model.now_ns = began_ns + 5 * CLOCK_NS_PER_S;
    end(&model, EXCHANGE_RESPONDED, true, began_ns);
    assert_int_equal(concurrency_limit_lease_ns(&model.limit), 20 * CLOCK_NS_PER_S);
}

static void a_lease_without_any_response_is_a_stall(void **state)
{
    (void)state;
    struct model model = model_of(1000, 50 * MS);
    run(&model, 2);
    assert_false(model.limit.stalls);
    lapse_all(&model);
    assert_true(model.limit.stalls);
    assert_true(concurrency_limit_prefers_newest(&model.limit, model.now_ns));
    run(&model, 1);
    assert_false(model.limit.stalls);
    assert_true(concurrency_limit_prefers_newest(&model.limit, model.now_ns));
    assert_false(concurrency_limit_prefers_newest(&model.limit, model.now_ns + 250 * MS));
}

static void an_exchange_that_hung_says_nothing_while_others_are_answered(void **state)
{
    (void)state;
    struct model model = model_of(1000, 50 * MS);
    run(&model, 2);
    int64_t began_ns = model.now_ns;
    double usual_ns = model.limit.usual_ns;
    model.now_ns += 300 * MS;
    run(&model, 1);
    concurrency_limit_lapsed(&model.limit, began_ns, model.now_ns);
    assert_false(
        concurrency_limit_ended(&model.limit, EXCHANGE_RESPONDED, true, began_ns, model.now_ns));
    assert_true(model.limit.usual_ns == usual_ns);
}

static void an_upstream_that_has_become_slow_is_known_from_those_that_seemed_to_hang(void **state)
{
    (void)state;
    struct model model = model_of(1000, 50 * MS);
    run(&model, 2);
    for (int i = 0; i < 4; i++) {
        int64_t began_ns = lapse_all(&model);
        model.now_ns = began_ns + 5 * CLOCK_NS_PER_S;
        end(&model, EXCHANGE_RESPONDED, true, began_ns);
    }
    assert_true(concurrency_limit_lease_ns(&model.limit) > 5 * CLOCK_NS_PER_S);
}

static void growth_is_foreseen_until_a_queue_upstream_is_seen(void **state)
{
    (void)state;
    struct model model = model_of(32, 100 * MS);
    assert_int_equal(model.limit.reach, 512);
    run(&model, 20);
    assert_in_range(model.limit.reach, model.limit.now, 4 * model.limit.now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_begins_small_and_stays_while_no_call_waits),
        cmocka_unit_test(
            an_upstream_that_answers_in_milliseconds_gets_as_many_as_the_sidecar_can_use),
        cmocka_unit_test(a_few_long_exchanges_among_many_do_not_raise_the_limit),
        cmocka_unit_test(an_upstream_that_answers_at_once_gets_32),
        cmocka_unit_test(durations_that_vary_below_20_ms_never_shrink_the_limit),
        cmocka_unit_test(an_upstream_that_works_on_all_at_once_gets_all_within_some_rounds),
        cmocka_unit_test(a_small_upstream_gets_few_at_a_time),
        cmocka_unit_test(durations_that_vary_are_not_taken_for_a_queue),
        cmocka_unit_test(a_shrink_is_judged_when_the_queue_of_before_is_gone),
        cmocka_unit_test(misses_beside_short_exchanges_do_not_halve_the_limit),
        cmocka_unit_test(deadlines_that_were_too_short_do_not_halve_the_limit),
        cmocka_unit_test(a_limit_that_was_halved_after_it_shrank_is_not_restored),
        cmocka_unit_test(an_upstream_that_has_become_slow_for_all_keeps_its_limit),
        cmocka_unit_test(fewer_begin_when_deadlines_pass_in_the_upstream),
        cmocka_unit_test(a_lease_follows_the_usual_duration),
        cmocka_unit_test(before_any_response_a_lease_has_a_fixed_length),
        cmocka_unit_test(a_lease_without_any_response_is_a_stall),
        cmocka_unit_test(an_exchange_that_hung_says_nothing_while_others_are_answered),
        cmocka_unit_test(an_upstream_that_has_become_slow_is_known_from_those_that_seemed_to_hang),
        cmocka_unit_test(growth_is_foreseen_until_a_queue_upstream_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
