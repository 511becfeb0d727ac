/* SPDX-License-Identifier: MIT */
/* Are streams found by their id, whatever others come and go? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http2/stream_table.h"

#include "base/banned.h"

#define IDS 5000

static void a_stream_is_found_until_it_is_removed(void **state)
{
    (void)state;
    struct stream_table table = {0};
    assert_null(stream_table_find(&table, 1));
    stream_table_add(&table, 1)->call.kind = 7;
    assert_int_equal(stream_table_find(&table, 1)->call.kind, 7);
    assert_null(stream_table_find(&table, 3));
    assert_null(stream_table_find(&table, 17)); /* of the same place */
    stream_table_remove(&table, stream_table_find(&table, 1));
    assert_null(stream_table_find(&table, 1));
    stream_table_clear(&table);
}

static void stream_0_is_never_found(void **state)
{
    (void)state;
    struct stream_table table = {0};
    stream_table_add(&table, 1);
    assert_null(stream_table_find(&table, 0));
    stream_table_clear(&table);
}

/* Compares with an array of what is there. */
static void any_order_of_adding_and_removing_is_kept(void **state)
{
    (void)state;
    static bool there[IDS];
    struct stream_table table = {0};
    uint64_t random = 1;
    int count = 0;
    for (int i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
        uint32_t id = (uint32_t)(random >> 33) % (i < 50000 ? 200 : IDS) | 1;
        struct stream *stream = stream_table_find(&table, id);
        assert_int_equal(stream != NULL, there[id]);
        if (stream) {
            assert_int_equal(stream->call.kind, id);
            stream_table_remove(&table, stream);
        } else {
            stream_table_add(&table, id)->call.kind = id;
        }
        there[id] = !there[id];
        count += there[id] ? 1 : -1;
        assert_int_equal(table.count, count);
    }
    stream_table_clear(&table);
}

static void a_stream_that_its_caller_has_not_ended_is_remembered_for_a_while(void **state)
{
    (void)state;
    struct stream_table table = {0};
    stream_table_remove(&table, stream_table_add(&table, 1));
    struct stream *ended = stream_table_add(&table, 3);
    ended->caller_ended = true;
    stream_table_remove(&table, ended);
    assert_true(stream_table_ended_recently(&table, 1));
    assert_false(stream_table_ended_recently(&table, 3));
    for (uint32_t i = 0; i < RECENTLY_ENDED_STREAMS; i++)
        stream_table_remember_ended(&table, 5 + 2 * i);
    assert_false(stream_table_ended_recently(&table, 1));
    assert_true(stream_table_ended_recently(&table, 5));
    stream_table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_found_until_it_is_removed),
        cmocka_unit_test(stream_0_is_never_found),
        cmocka_unit_test(any_order_of_adding_and_removing_is_kept),
        cmocka_unit_test(a_stream_that_its_caller_has_not_ended_is_remembered_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
