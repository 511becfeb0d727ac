/* SPDX-License-Identifier: MIT */
/* Does the budget hold, also when threads share it, and can nobody take all of it? */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "system/memory_budget.h"

#include "base/banned.h"

#define MIB (UINT64_C(1) << 20)

static void without_a_cgroup_limit_the_process_may_take_512_mib(void **state)
{
    (void)state;
    assert_int_equal(memory_budget_default(0), 512 * MIB);
    assert_int_equal(memory_budget_default(128 * MIB), 96 * MIB);
}

static void idle_memory_is_not_for_peers(void **state)
{
    (void)state;
    struct memory_budget budget;
    memory_budget_init(&budget, 96 * MIB, 26 * MIB);
    assert_int_equal(budget.limit, 70 * MIB);
    memory_budget_init(&budget, 40 * MIB, 38 * MIB);
    assert_int_equal(budget.limit, 10 * MIB);
    memory_budget_init(&budget, 40 * MIB, 400 * MIB);
    assert_int_equal(budget.limit, 10 * MIB);
}

static void a_reservation_above_the_limit_takes_nothing(void **state)
{
    (void)state;
    struct memory_budget budget;
    memory_budget_init(&budget, 1000, 0);
    assert_true(memory_budget_reserve(&budget, 900));
    assert_false(memory_budget_reserve(&budget, 101));
    assert_false(memory_budget_reserve(&budget, SIZE_MAX));
    assert_int_equal(memory_budget_used(&budget), 900);
    assert_false(memory_budget_is_spent(&budget));
    assert_true(memory_budget_reserve(&budget, 100));
    assert_true(memory_budget_is_spent(&budget));
    memory_budget_release(&budget, 1000);
    assert_int_equal(memory_budget_used(&budget), 0);
}

static void some_may_not_take_the_last_quarter(void **state)
{
    (void)state;
    struct memory_budget budget;
    memory_budget_init(&budget, 1000, 0);
    assert_false(memory_budget_reserve_most(&budget, 751));
    assert_true(memory_budget_reserve_most(&budget, 750));
    assert_false(memory_budget_reserve_most(&budget, 1));
    assert_true(memory_budget_reserve(&budget, 250));
}

static void a_charge_may_pass_the_limit_and_keeps_others_from_reserving(void **state)
{
    (void)state;
    struct memory_budget budget;
    memory_budget_init(&budget, 1000, 0);
    memory_budget_charge(&budget, 1500);
    assert_true(memory_budget_is_spent(&budget));
    assert_false(memory_budget_reserve(&budget, 1));
    memory_budget_release(&budget, 600);
    assert_true(memory_budget_reserve(&budget, 100));
}

static void the_peak_is_the_most_since_it_was_last_taken(void **state)
{
    (void)state;
    struct memory_budget budget;
    memory_budget_init(&budget, 1000, 0);
    assert_true(memory_budget_reserve(&budget, 600));
    memory_budget_charge(&budget, 300);
    memory_budget_release(&budget, 800);
    assert_int_equal(memory_budget_take_peak(&budget), 900);
    assert_int_equal(memory_budget_take_peak(&budget), 100);
}

/* How much a connection gets that takes pieces of `size` until it is refused. */
static size_t take_all(struct memory_budget *budget, struct memory_share *peer,
                       struct memory_share *own, size_t size)
{
    while (memory_share_reserve(budget, (struct memory_shares){peer, own}, size))
        ;
    return own->used;
}

#define CALL ((size_t)25 * 1024)

static void one_connection_gets_half_and_a_peer_three_quarters(void **state)
{
    (void)state;
    struct memory_budget budget;
    struct memory_share peer = {0}, connections[50] = {0};
    memory_budget_init(&budget, 80 * MIB, 0);
    assert_in_range(take_all(&budget, &peer, &connections[0], CALL), 39 * MIB, 40 * MIB);
    for (size_t i = 1; i < array_length(connections); i++)
        take_all(&budget, &peer, &connections[i], CALL);
    assert_in_range(peer.used, 59 * MIB, 62 * MIB);
}

static void greedy_connections_leave_room_for_a_modest_one_of_the_same_peer(void **state)
{
    (void)state;
    struct memory_budget budget;
    struct memory_share peer = {0}, greedy[100] = {0}, modest = {0};
    memory_budget_init(&budget, 70 * MIB, 0);
    for (size_t i = 0; i < array_length(greedy); i++)
        take_all(&budget, &peer, &greedy[i], CALL);
    assert_in_range(take_all(&budget, &peer, &modest, CALL), CALL, MEMORY_LEAST_SHARE);
}

static void a_greedy_peer_leaves_room_for_another(void **state)
{
    (void)state;
    struct memory_budget budget;
    struct memory_share greedy = {0}, connections[20] = {0}, other = {0}, its_own = {0};
    memory_budget_init(&budget, 80 * MIB, 0);
    for (size_t i = 0; i < array_length(connections); i++)
        take_all(&budget, &greedy, &connections[i], CALL);
    assert_true(take_all(&budget, &other, &its_own, CALL) > 9 * MIB);
}

static void released_memory_can_be_taken_again(void **state)
{
    (void)state;
    struct memory_budget budget;
    struct memory_share peer = {0}, own = {0};
    const struct memory_shares shares = {&peer, &own};
    memory_budget_init(&budget, 80 * MIB, 0);
    size_t most = take_all(&budget, &peer, &own, CALL);
    memory_share_release(&budget, shares, most);
    assert_int_equal(memory_budget_used(&budget) + peer.used + own.used, 0);
    memory_share_charge(&budget, shares, 90 * MIB);
    assert_false(memory_share_reserve(&budget, shares, 1));
    memory_share_release(&budget, shares, 90 * MIB);
    assert_int_equal(take_all(&budget, &peer, &own, CALL), most);
}

#define ROUNDS 20000
#define PIECE 7

struct worker {
    struct memory_budget *budget;
    size_t kept;
};

static void *reserve_and_release(void *context)
{
    struct worker *worker = context;
    for (size_t i = 0; i < ROUNDS; i++) {
        if (!memory_budget_reserve(worker->budget, PIECE))
            continue;
        if (i % 8 == 0)
            worker->kept += PIECE;
        else
            memory_budget_release(worker->budget, PIECE);
    }
    return NULL;
}

static void threads_never_pass_the_limit_together(void **state)
{
    (void)state;
    struct memory_budget budget;
    struct worker workers[4] = {{&budget, 0}, {&budget, 0}, {&budget, 0}, {&budget, 0}};
    pthread_t threads[array_length(workers)];
    memory_budget_init(&budget, 30000, 0);
    for (size_t i = 0; i < array_length(workers); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reserve_and_release, &workers[i]), 0);
    size_t kept = 0;
    for (size_t i = 0; i < array_length(workers); i++) {
        pthread_join(threads[i], NULL);
        kept += workers[i].kept;
    }
    assert_int_equal(memory_budget_used(&budget), kept);
    assert_true(kept <= budget.limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_cgroup_limit_the_process_may_take_512_mib),
        cmocka_unit_test(idle_memory_is_not_for_peers),
        cmocka_unit_test(a_reservation_above_the_limit_takes_nothing),
        cmocka_unit_test(some_may_not_take_the_last_quarter),
        cmocka_unit_test(a_charge_may_pass_the_limit_and_keeps_others_from_reserving),
        cmocka_unit_test(the_peak_is_the_most_since_it_was_last_taken),
        cmocka_unit_test(one_connection_gets_half_and_a_peer_three_quarters),
        cmocka_unit_test(greedy_connections_leave_room_for_a_modest_one_of_the_same_peer),
        cmocka_unit_test(a_greedy_peer_leaves_room_for_another),
        cmocka_unit_test(released_memory_can_be_taken_again),
        cmocka_unit_test(threads_never_pass_the_limit_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
