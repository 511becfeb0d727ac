/* SPDX-License-Identifier: MIT */
/* Do callers take turns? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/queue.h"

struct waiting {
    struct exchange exchange;
    uint64_t caller;
};

static uint64_t caller_of(struct exchange *exchange)
{
    return container_of(exchange, struct waiting, exchange)->caller;
}

static void add(struct queue *queue, struct waiting *waiting, uint64_t caller, int64_t arrived_ns)
{
    exchange_init(&waiting->exchange);
    waiting->caller = caller;
    waiting->exchange.caller_hash = caller_of;
    waiting->exchange.arrived_ns = arrived_ns;
    queue_add(queue, &waiting->exchange);
}

/* Takes the next one out and returns its caller. */
static uint64_t serve(struct queue *queue)
{
    struct exchange *exchange = queue_oldest(queue);
    queue_remove(queue, exchange);
    return caller_of(exchange);
}

static void the_few_calls_of_one_caller_are_served_between_the_many_of_another(void **state)
{
    (void)state;
    static struct waiting many[900], few[10];
    struct queue queue;
    unsigned served = 0;
    queue_init(&queue);
    for (int i = 0; i < 900; i++)
        add(&queue, &many[i], 1, i);
    for (int i = 0; i < 10; i++)
        add(&queue, &few[i], 1 + QUEUE_BUCKETS, 1000 + i);
    struct waiting third = {.caller = 3};
    third.exchange.caller_hash = caller_of;
    assert_int_equal(queue_before(&queue, &third.exchange), 2);
    assert_int_equal(queue_before(&queue, &few[0].exchange), 22);
    assert_int_equal(queue_before(&queue, &many[0].exchange), 910);
    for (int i = 0; i < 20; i++)
        served += serve(&queue) != 1;
    assert_int_equal(served, 10);
    for (int i = 0; i < 890; i++)
        assert_int_equal(serve(&queue), 1);
    assert_null(queue_oldest(&queue));
    queue_clear(&queue);
}

static void the_calls_of_a_caller_are_served_in_the_order_of_arrival(void **state)
{
    (void)state;
    struct waiting waiting[3];
    struct queue queue;
    queue_init(&queue);
    for (int i = 0; i < 3; i++)
        add(&queue, &waiting[i], 7, i);
    assert_ptr_equal(queue_newest(&queue), &waiting[2].exchange);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(queue_oldest(&queue), &waiting[i].exchange);
        queue_remove(&queue, &waiting[i].exchange);
    }
    queue_clear(&queue);
}

static void a_call_that_comes_back_has_the_place_of_its_arrival(void **state)
{
    (void)state;
    struct waiting waiting[4];
    struct queue queue;
    queue_init(&queue);
    for (int i = 0; i < 4; i++)
        add(&queue, &waiting[i], 7, i);
    for (int i = 0; i < 2; i++)
        queue_remove(&queue, &waiting[i].exchange);
    for (int i = 1; i >= 0; i--)
        queue_add(&queue, &waiting[i].exchange);
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(queue_oldest(&queue), &waiting[i].exchange);
        queue_remove(&queue, &waiting[i].exchange);
    }
    queue_clear(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_few_calls_of_one_caller_are_served_between_the_many_of_another),
        cmocka_unit_test(the_calls_of_a_caller_are_served_in_the_order_of_arrival),
        cmocka_unit_test(a_call_that_comes_back_has_the_place_of_its_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
