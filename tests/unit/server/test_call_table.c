/* SPDX-License-Identifier: MIT */
/* Is a call found by its number as long as its stream is there, and by no other one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "server/front_connection.h"

#include "base/banned.h"

#define MANY 5000

struct trial {
    struct call_table table;
    struct front_connection connection;
};

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    call_table_init(&trial->table);
    snprintf(trial->connection.peer.who, sizeof trial->connection.peer.who, "test");
    *state = trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    call_table_clear(&trial->table);
    free(trial);
    return 0;
}

static uint64_t add(struct trial *trial, uint32_t stream)
{
    return call_table_add(&trial->table, &(struct call_place){&trial->connection, stream});
}

static void calls_are_found_until_they_are_removed(void **state)
{
    struct trial *trial = *state;
    static uint64_t numbers[MANY];
    /* Twice: an empty table gives its memory back. */
    for (int turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < MANY; i++)
            numbers[i] = add(trial, i);
        for (uint32_t i = 0; i < MANY; i++) {
            struct call_place place = call_table_find(&trial->table, numbers[i]);
            assert_ptr_equal(place.connection, &trial->connection);
            assert_int_equal(place.stream, i);
            assert_null(call_table_remove(&trial->table, numbers[i]));
            assert_null(call_table_find(&trial->table, numbers[i]).connection);
        }
    }
}

static void a_number_is_never_used_again(void **state)
{
    struct trial *trial = *state;
    uint64_t last = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        uint64_t number = add(trial, i);
        assert_true(number > last);
        call_table_remove(&trial->table, number);
        assert_null(call_table_find(&trial->table, number).connection);
        last = number;
    }
}

static void numbers_that_never_were_are_not_found(void **state)
{
    struct trial *trial = *state;
    struct front_call call = {0};
    struct peer peer;
    uint64_t there = add(trial, 1);
    const uint64_t never[] = {0, 1, there - 1, there + 1, there << 1, UINT64_MAX};
    for (size_t i = 0; i < array_length(never); i++) {
        assert_null(call_table_find(&trial->table, never[i]).connection);
        assert_null(call_table_remove(&trial->table, never[i]));
        assert_false(call_table_follow(&trial->table, never[i], &call, &peer));
        assert_false(call_table_unfollow(&trial->table, never[i]));
        assert_true(call_table_has_room(&trial->table, never[i]));
    }
    assert_non_null(call_table_find(&trial->table, there).connection);
}

static void a_call_that_is_removed_gives_back_its_follower(void **state)
{
    struct trial *trial = *state;
    struct front_call call = {0};
    struct peer peer;
    for (int unfollows = 0; unfollows < 2; unfollows++) {
        uint64_t number = add(trial, 1);
        assert_false(call_table_unfollow(&trial->table, number));
        assert_true(call_table_follow(&trial->table, number, &call, &peer));
        assert_string_equal(peer.who, "test");
        if (unfollows)
            assert_true(call_table_unfollow(&trial->table, number));
        assert_ptr_equal(call_table_remove(&trial->table, number), unfollows ? NULL : &call);
        assert_false(call_table_unfollow(&trial->table, number));
    }
}

static void a_call_has_one_follower(void **state)
{
    struct trial *trial = *state;
    struct front_call first = {0}, second = {0};
    struct peer peer;
    uint64_t number = add(trial, 1);
    assert_true(call_table_follow(&trial->table, number, &first, &peer));
    assert_false(call_table_follow(&trial->table, number, &second, &peer));
    assert_ptr_equal(call_table_remove(&trial->table, number), &first);
}

static void a_call_has_room_as_its_connection_has(void **state)
{
    struct trial *trial = *state;
    uint64_t number = add(trial, 1);
    assert_true(call_table_has_room(&trial->table, number));
    trial->connection.is_full = true;
    assert_false(call_table_has_room(&trial->table, number));
    call_table_remove(&trial->table, number);
    assert_true(call_table_has_room(&trial->table, number));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(calls_are_found_until_they_are_removed),
        TEST(a_number_is_never_used_again),
        TEST(numbers_that_never_were_are_not_found),
        TEST(a_call_that_is_removed_gives_back_its_follower),
        TEST(a_call_has_one_follower),
        TEST(a_call_has_room_as_its_connection_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
