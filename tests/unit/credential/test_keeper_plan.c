/* SPDX-License-Identifier: MIT */
/* With a virtual clock: is a credential fetched when it is needed, and no more often? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/keeper_plan.h"

#include "base/banned.h"

#define SECOND CLOCK_NS_PER_S
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define START (1000 * HOUR)

/* A source behind a clock that jumps from one event to the next. */
struct world {
    struct keeper_plan plan;
    struct keeper_time time;
    bool is_down;
    enum source_fault fault;
    int64_t retry_after_ns, life_ns;
    bool gives_the_same;
    unsigned fetches;
    int64_t end_ns;  /* of the credential in use */
    int64_t dark_ns; /* time without a usable one */
    uint64_t random;
};

static void begin(struct world *world)
{
    *world =
        (struct world){.time = {SECOND, START}, .life_ns = 24 * HOUR, .random = 88172645463325252};
    keeper_plan_init(&world->plan);
}

static uint64_t next_random(struct world *world)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random;
}

static void fetch(struct world *world)
{
    keeper_plan_begin(&world->plan);
    assert_false(keeper_plan_is_due(&world->plan, &world->time));
    world->fetches++;
    if (world->is_down) {
        keeper_plan_fail(&world->plan, &world->time, world->fault, world->retry_after_ns,
                         next_random(world));
        return;
    }
    bool is_new = !world->gives_the_same || world->end_ns == 0;
    if (is_new)
        world->end_ns = world->time.calendar_ns + world->life_ns;
    keeper_plan_succeed(&world->plan, &world->time, world->end_ns, is_new, next_random(world));
}

static void pass(struct world *world, int64_t ns)
{
    world->time.now_ns += ns;
    world->time.calendar_ns += ns;
}

/* Lives through that time, as the keeper does. */
static void run(struct world *world, int64_t ns)
{
    int64_t until_ns = world->time.now_ns + ns;
    while (world->time.now_ns < until_ns) {
        if (keeper_plan_is_due(&world->plan, &world->time))
            fetch(world);
        int64_t wait_ns = keeper_plan_wait_ns(&world->plan, &world->time);
        assert_true(wait_ns >= 0 && wait_ns <= KEEPER_TICK_NS);
        bool is_dark =
            !keeper_plan_is_alive(world->end_ns ? world->end_ns : 1, world->time.calendar_ns);
        wait_ns = wait_ns > SECOND / 10 ? wait_ns : SECOND / 10;
        world->dark_ns += is_dark ? wait_ns : 0;
        pass(world, wait_ns);
    }
}

static void the_first_fetch_is_at_once(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_true(keeper_plan_is_due(&world.plan, &world.time));
    assert_int_equal(keeper_plan_wait_ns(&world.plan, &world.time), 0);
}

static void a_renewal_comes_at_70_to_80_percent_and_not_for_all_at_once(void **state)
{
    (void)state;
    int64_t earliest_ns = INT64_MAX, latest_ns = 0;
    for (uint64_t random = 0; random < 1000; random++) {
        struct keeper_plan plan;
        const struct keeper_time time = {SECOND, START};
        keeper_plan_init(&plan);
        keeper_plan_begin(&plan);
        keeper_plan_succeed(&plan, &time, START + 24 * HOUR, true, random * 0x9e3779b97f4a7c15);
        int64_t after_ns = plan.renew_at_ns - START;
        earliest_ns = after_ns < earliest_ns ? after_ns : earliest_ns;
        latest_ns = after_ns > latest_ns ? after_ns : latest_ns;
    }
    assert_in_range(earliest_ns, 24 * HOUR / 100 * 69, 24 * HOUR / 100 * 71);
    assert_in_range(latest_ns, 24 * HOUR / 100 * 79, 24 * HOUR / 100 * 80);
}

static void a_key_of_a_quarter_of_an_hour_is_not_fetched_at_every_look(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.life_ns = 15 * MINUTE;
    run(&world, 24 * HOUR);
    assert_in_range(world.fetches, 24 * 60 / 12, 24 * 60 / 10 + 1);
    assert_int_equal(world.dark_ns, 0);
}

static void a_source_that_is_down_from_65_to_98_percent_of_a_day_darkens_nothing(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    run(&world, 24 * HOUR / 100 * 65);
    world.is_down = true;
    run(&world, 24 * HOUR / 100 * 33);
    world.is_down = false;
    run(&world, 24 * HOUR);
    assert_int_equal(world.dark_ns, 0);
    /* A minute apart, with the shorter pauses at the beginning and near the end. */
    assert_true(world.fetches < 800);
}

static void two_minutes_of_life_bridge_a_failure_from_65_to_85_percent(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.life_ns = 2 * MINUTE;
    run(&world, 78 * SECOND);
    world.is_down = true;
    run(&world, 24 * SECOND);
    world.is_down = false;
    run(&world, 10 * MINUTE);
    assert_int_equal(world.dark_ns, 0);
}

static void pauses_grow_to_a_minute_and_no_further(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.is_down = true;
    run(&world, MINUTE);
    assert_in_range(world.fetches, 5, 10);
    world.fetches = 0;
    run(&world, HOUR);
    assert_in_range(world.fetches, 60, 120);
    for (unsigned i = 0; i < 1000; i++) {
        fetch(&world);
        assert_true(keeper_plan_pause_ns(&world.plan, &world.time) <= KEEPER_LONGEST_PAUSE_NS);
    }
}

static void a_source_that_was_down_for_two_seconds_at_the_start_is_asked_within_four(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct world world;
        begin(&world);
        world.random += i * UINT64_C(0x9e3779b97f4a7c15);
        world.is_down = true;
        for (int64_t ns = 0; ns < 2 * SECOND; ns += SECOND / 20) {
            if (keeper_plan_is_due(&world.plan, &world.time))
                fetch(&world);
            pass(&world, SECOND / 20);
        }
        assert_true(keeper_plan_pause_ns(&world.plan, &world.time) <= 4 * SECOND);
    }
}

static void a_server_that_asks_for_a_pause_gets_it_unless_the_credential_ends_before(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.is_down = true;
    world.retry_after_ns = 10 * MINUTE;
    fetch(&world);
    assert_int_equal(keeper_plan_pause_ns(&world.plan, &world.time), 10 * MINUTE);
    begin(&world);
    world.life_ns = MINUTE;
    fetch(&world);
    world.is_down = true;
    world.retry_after_ns = 10 * MINUTE;
    fetch(&world);
    assert_true(keeper_plan_pause_ns(&world.plan, &world.time) <= MINUTE / 4);
}

static void a_wrong_password_is_tried_once_in_half_an_hour(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.is_down = true;
    world.fault = SOURCE_COUNTS_TOWARDS_LOCK;
    run(&world, 29 * MINUTE);
    assert_int_equal(world.fetches, 1);
    run(&world, 5 * MINUTE);
    assert_int_equal(world.fetches, 2);
}

static void a_changed_file_ends_any_pause(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.is_down = true;
    world.fault = SOURCE_COUNTS_TOWARDS_LOCK;
    fetch(&world);
    keeper_plan_note_change(&world.plan, &world.time);
    assert_true(keeper_plan_is_due(&world.plan, &world.time));
}

static void a_file_that_changes_during_a_fetch_is_read_after_it(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    keeper_plan_begin(&world.plan);
    keeper_plan_note_change(&world.plan, &world.time);
    assert_false(keeper_plan_is_due(&world.plan, &world.time));
    keeper_plan_fail(&world.plan, &world.time, SOURCE_COUNTS_TOWARDS_LOCK, 0, 0);
    assert_true(keeper_plan_pause_ns(&world.plan, &world.time) <= SECOND);
    keeper_plan_begin(&world.plan);
    keeper_plan_note_change(&world.plan, &world.time);
    keeper_plan_succeed(&world.plan, &world.time, 0, true, 0);
    pass(&world, KEEPER_DISTANCE_NS);
    assert_true(keeper_plan_is_due(&world.plan, &world.time));
}

static void a_credential_without_an_end_is_fetched_again_when_its_files_change(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    for (unsigned i = 0; i < 3; i++) {
        keeper_plan_begin(&world.plan);
        assert_int_equal(keeper_plan_wait_ns(&world.plan, &world.time), KEEPER_TICK_NS);
        keeper_plan_succeed(&world.plan, &world.time, 0, i == 0, 0);
        assert_int_equal(keeper_plan_wait_ns(&world.plan, &world.time), KEEPER_TICK_NS);
        pass(&world, 24 * HOUR);
        assert_false(keeper_plan_is_due(&world.plan, &world.time));
        keeper_plan_note_change(&world.plan, &world.time);
        assert_true(keeper_plan_is_due(&world.plan, &world.time));
    }
}

static void a_file_that_changes_is_for_the_next_fetch_of_a_credential_with_an_end(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    run(&world, HOUR);
    keeper_plan_note_change(&world.plan, &world.time);
    assert_false(keeper_plan_is_due(&world.plan, &world.time));
}

static void the_same_credential_again_is_not_asked_for_in_a_loop(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.gives_the_same = true;
    run(&world, 18 * HOUR);
    assert_true(world.fetches > 2);
    assert_true(world.fetches < 120);
    world.gives_the_same = false;
    run(&world, 24 * HOUR);
    assert_int_equal(world.dark_ns, 0);
}

/* Refuses each credential for that long, ten times a second. */
static void refuse_all(struct world *world, int64_t duration_ns)
{
    for (; duration_ns > 0; duration_ns -= SECOND / 10) {
        keeper_plan_refuse(&world->plan, &world->time);
        if (keeper_plan_is_due(&world->plan, &world->time))
            fetch(world);
        pass(world, SECOND / 10);
    }
}

static void a_source_whose_credentials_are_all_refused_is_asked_less_and_less_often(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    refuse_all(&world, 8 * SECOND);
    assert_in_range(world.fetches, 4, 5); /* at 0, 1, 3 and 7 s */
    refuse_all(&world, HOUR);
    assert_in_range(world.fetches, 60, 67);
}

static void
a_credential_that_was_good_for_a_minute_is_replaced_at_once_when_it_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    refuse_all(&world, HOUR);
    run(&world, 2 * MINUTE);
    unsigned fetches = world.fetches;
    refuse_all(&world, SECOND / 10);
    assert_int_equal(world.fetches, fetches + 1);
}

static void a_credential_that_was_accepted_to_its_end_ends_the_pauses_after_refusals(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    refuse_all(&world, HOUR);
    run(&world, MINUTE);
    for (unsigned fetches = world.fetches; world.fetches == fetches;)
        run(&world, SECOND);
    unsigned fetches = world.fetches;
    refuse_all(&world, 2 * SECOND);
    assert_int_equal(world.fetches, fetches + 1);
}

static void a_changed_file_ends_the_pause_after_refusals(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    refuse_all(&world, HOUR);
    unsigned fetches = world.fetches;
    assert_false(keeper_plan_is_due(&world.plan, &world.time));
    keeper_plan_note_change(&world.plan, &world.time);
    run(&world, SECOND);
    assert_int_equal(world.fetches, fetches + 1);
}

static void a_machine_that_slept_renews_at_the_next_look(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    run(&world, HOUR);
    assert_int_equal(world.fetches, 1);
    /* The monotonic clock stands still meanwhile. */
    world.time.calendar_ns += 20 * HOUR;
    run(&world, KEEPER_TICK_NS);
    assert_int_equal(world.fetches, 2);
}

static void a_credential_is_not_used_in_its_last_ten_seconds(void **state)
{
    (void)state;
    assert_true(keeper_plan_is_alive(0, START));
    assert_true(keeper_plan_is_alive(START + 11 * SECOND, START));
    assert_false(keeper_plan_is_alive(START + 10 * SECOND, START));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_fetch_is_at_once),
        cmocka_unit_test(a_renewal_comes_at_70_to_80_percent_and_not_for_all_at_once),
        cmocka_unit_test(a_key_of_a_quarter_of_an_hour_is_not_fetched_at_every_look),
        cmocka_unit_test(a_source_that_is_down_from_65_to_98_percent_of_a_day_darkens_nothing),
        cmocka_unit_test(two_minutes_of_life_bridge_a_failure_from_65_to_85_percent),
        cmocka_unit_test(pauses_grow_to_a_minute_and_no_further),
        cmocka_unit_test(a_source_that_was_down_for_two_seconds_at_the_start_is_asked_within_four),
        cmocka_unit_test(a_server_that_asks_for_a_pause_gets_it_unless_the_credential_ends_before),
        cmocka_unit_test(a_wrong_password_is_tried_once_in_half_an_hour),
        cmocka_unit_test(a_changed_file_ends_any_pause),
        cmocka_unit_test(a_file_that_changes_during_a_fetch_is_read_after_it),
        cmocka_unit_test(a_credential_without_an_end_is_fetched_again_when_its_files_change),
        cmocka_unit_test(a_file_that_changes_is_for_the_next_fetch_of_a_credential_with_an_end),
        cmocka_unit_test(the_same_credential_again_is_not_asked_for_in_a_loop),
        cmocka_unit_test(a_source_whose_credentials_are_all_refused_is_asked_less_and_less_often),
        cmocka_unit_test(
            a_credential_that_was_good_for_a_minute_is_replaced_at_once_when_it_is_refused),
        cmocka_unit_test(a_credential_that_was_accepted_to_its_end_ends_the_pauses_after_refusals),
        cmocka_unit_test(a_changed_file_ends_the_pause_after_refusals),
        cmocka_unit_test(a_machine_that_slept_renews_at_the_next_look),
        cmocka_unit_test(a_credential_is_not_used_in_its_last_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
