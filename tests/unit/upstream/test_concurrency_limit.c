/* SPDX-License-Identifier: MIT */
/* Does the limit follow the number of connections that the upstream can use? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/concurrency_limit.h"

/* An upstream that works on `at_a_time` requests at once; the others wait there. */
struct model {
    size_t at_a_time;
    int64_t takes_ns;
    int64_t deadline_ns;
    int64_t now_ns;
};

static int64_t duration_ns(const struct model *model, size_t connections)
{
    int64_t turns = (int64_t)((connections + model->at_a_time - 1) / model->at_a_time);
    return turns * model->takes_ns;
}

/* So many rounds in which every connection carries one exchange while others wait. Returns in how
 * many of them `expected` connections were used. */
static unsigned run(struct concurrency_limit *limit, struct model *model, unsigned rounds,
                    size_t expected)
{
    unsigned as_expected = 0;
    for (unsigned round = 0; round < rounds; round++) {
        size_t connections = limit->now;
        int64_t took_ns = duration_ns(model, connections);
        bool missed = took_ns > model->deadline_ns;
        took_ns = missed ? model->deadline_ns : took_ns;
        model->now_ns += took_ns;
        for (size_t i = 0; i < connections; i++)
            concurrency_limit_ended(limit, took_ns, missed, model->now_ns);
        concurrency_limit_wanted(limit, model->now_ns);
        as_expected += connections == expected;
    }
    return as_expected;
}

static struct model model_of(size_t at_a_time)
{
    return (struct model){at_a_time, 100 * CLOCK_NS_PER_MS, CLOCK_NS_PER_S, CLOCK_NS_PER_S};
}

static struct concurrency_limit limit_of(size_t most)
{
    struct concurrency_limit limit;
    concurrency_limit_init(&limit, most);
    return limit;
}

static void the_limit_begins_small_and_stays_while_no_call_waits(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(512), small = limit_of(3);
    assert_int_equal(limit.now, 32);
    assert_int_equal(small.now, 3);
    for (int i = 0; i < 1000; i++)
        concurrency_limit_ended(&limit, CLOCK_NS_PER_S, false, i);
    assert_int_equal(limit.now, 32);
}

static void an_upstream_that_answers_at_once_needs_no_more(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(512);
    struct model model = model_of(1000);
    model.takes_ns = 5 * CLOCK_NS_PER_MS;
    assert_int_equal(run(&limit, &model, 1000, 32), 1000);
}

static void an_upstream_that_works_on_all_at_once_gets_all_soon(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(500);
    struct model model = model_of(1000);
    run(&limit, &model, 12, 0);
    assert_int_equal(run(&limit, &model, 100, 500), 100);
}

static void growth_that_only_makes_exchanges_longer_is_taken_back(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(512);
    struct model model = model_of(32);
    unsigned unchanged = 0;
    for (int i = 0; i < 1000; i++) {
        unchanged += run(&limit, &model, 1, 32);
        assert_true(limit.now == 32 || limit.now == 64);
    }
    assert_in_range(unchanged, 950, 999);
}

static void growth_is_feared_to_make_exchanges_longer_while_it_is_on_trial(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(64);
    struct model model = model_of(1000);
    run(&limit, &model, 1, 32);
    assert_int_equal(limit.now, 64);
    assert_int_equal((int64_t)limit.assumed_ns, 2 * model.takes_ns);
    run(&limit, &model, 10, 64);
    assert_int_equal(limit.now, 64);
    assert_int_equal((int64_t)limit.assumed_ns, 0);
}

static void growth_that_pays_in_part_is_kept(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(512);
    struct model model = model_of(64);
    run(&limit, &model, 20, 0);
    assert_in_range(run(&limit, &model, 1000, 64), 950, 1000);
}

static void growth_that_brought_nothing_is_tried_again_later(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(64);
    struct model model = model_of(32);
    assert_in_range(run(&limit, &model, 1000, 32), 950, 1000);
    model.at_a_time = 64;
    run(&limit, &model, (unsigned)(CONCURRENCY_LIMIT_LONGEST_HOLD_NS / model.takes_ns) + 10, 0);
    assert_int_equal(run(&limit, &model, 1000, 64), 1000);
}

static void fewer_are_used_when_deadlines_pass_in_the_upstream(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(512);
    struct model model = model_of(2);
    run(&limit, &model, 20, 0);
    assert_in_range(run(&limit, &model, 1000, 16), 950, 1000);
}

static void a_single_connection_is_the_least(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(1);
    struct model model = model_of(1);
    model.deadline_ns = 1;
    assert_int_equal(run(&limit, &model, 100, 1), 100);
}

static void deadlines_that_pass_all_the_same_change_little(void **state)
{
    (void)state;
    struct concurrency_limit limit = limit_of(32);
    struct model model = model_of(64);
    model.deadline_ns = 50 * CLOCK_NS_PER_MS;
    assert_in_range(run(&limit, &model, 1000, 32), 900, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_begins_small_and_stays_while_no_call_waits),
        cmocka_unit_test(an_upstream_that_answers_at_once_needs_no_more),
        cmocka_unit_test(an_upstream_that_works_on_all_at_once_gets_all_soon),
        cmocka_unit_test(growth_that_only_makes_exchanges_longer_is_taken_back),
        cmocka_unit_test(growth_is_feared_to_make_exchanges_longer_while_it_is_on_trial),
        cmocka_unit_test(growth_that_pays_in_part_is_kept),
        cmocka_unit_test(growth_that_brought_nothing_is_tried_again_later),
        cmocka_unit_test(fewer_are_used_when_deadlines_pass_in_the_upstream),
        cmocka_unit_test(a_single_connection_is_the_least),
        cmocka_unit_test(deadlines_that_pass_all_the_same_change_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
