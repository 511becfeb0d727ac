/* SPDX-License-Identifier: MIT */
/* Are connections counted by peer, and is the peer behind a descriptor known? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "server/peer_table.h"

#include "base/banned.h"

static const struct config config = {.max_connections = 4, .max_connections_per_peer = 2};

static struct peer peer_named(const char *who)
{
    struct peer peer = {.authorized = true};
    snprintf(peer.who, sizeof peer.who, "%s", who);
    return peer;
}

/* Returns the limit that is reached. */
static const char *enter(struct peer_table *table, const char *who, struct peer_account **account)
{
    struct peer peer = peer_named(who);
    return peer_table_enter(table, &peer, account);
}

static int setup(void **state)
{
    *state = peer_table_new(&config);
    return 0;
}

static int teardown(void **state)
{
    peer_table_free(*state);
    return 0;
}

static void connections_are_counted_for_each_peer_and_for_all(void **state)
{
    struct peer_table *table = *state;
    struct peer_account *a[2], *b[2], *refused = NULL;
    assert_null(enter(table, "a", &a[0]));
    assert_null(enter(table, "a", &a[1]));
    assert_ptr_equal(a[0], a[1]);
    assert_string_equal(enter(table, "a", &refused), "--max-connections-per-peer is reached");
    assert_null(enter(table, "b", &b[0]));
    assert_null(enter(table, "b", &b[1]));
    assert_string_equal(enter(table, "c", &refused), "--max-connections is reached");
    assert_null(refused);
    assert_int_equal(peer_table_connections(table), 4);
    peer_table_leave(table, a[0]);
    assert_null(enter(table, "c", &a[0]));
    assert_ptr_not_equal(a[0], a[1]);
}

static void a_peer_without_connections_begins_anew(void **state)
{
    struct peer_table *table = *state;
    struct peer_account *account;
    for (int i = 0; i < 10; i++) {
        assert_null(enter(table, "a", &account));
        assert_int_equal(account->connections, 1);
        peer_table_leave(table, account);
        assert_int_equal(peer_table_connections(table), 0);
    }
}

static void the_peer_behind_a_descriptor_is_known_until_it_is_removed(void **state)
{
    struct peer_table *table = *state;
    struct peer bound = peer_named("a"), found;
    struct peer_entry *entry = peer_table_bind(table, 70, &bound);
    peer_table_find(table, 70, &found);
    assert_string_equal(found.who, "a");
    peer_table_find(table, 69, &found);
    assert_string_equal(found.who, "unknown");
    peer_table_unbind(table, entry);
    peer_table_find(table, 70, &found);
    assert_string_equal(found.who, "unknown");
}

static void descriptors_that_never_were_have_an_unknown_peer_and_room(void **state)
{
    static const int never[] = {-1, 0, 1000000};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        struct peer found;
        peer_table_find(*state, never[i], &found);
        assert_string_equal(found.who, "unknown");
        assert_true(found.authorized);
        assert_false(peer_table_is_full(*state, never[i]));
    }
}

/* C-core closes its descriptor before the front learns of it. */
static void a_late_removal_leaves_the_next_connection_of_a_descriptor(void **state)
{
    struct peer_table *table = *state;
    struct peer old = peer_named("old"), next = peer_named("next"), found;
    struct peer_entry *first = peer_table_bind(table, 7, &old);
    struct peer_entry *second = peer_table_bind(table, 7, &next);
    peer_table_set_full(table, first, true);
    assert_false(peer_table_is_full(table, 7));
    peer_table_unbind(table, first);
    peer_table_find(table, 7, &found);
    assert_string_equal(found.who, "next");
    peer_table_unbind(table, second);
}

static void a_connection_is_full_until_it_is_set_to_have_room(void **state)
{
    struct peer_table *table = *state;
    struct peer peer = peer_named("a");
    struct peer_entry *entry = peer_table_bind(table, 3, &peer);
    assert_false(peer_table_is_full(table, 3));
    peer_table_set_full(table, entry, true);
    assert_true(peer_table_is_full(table, 3));
    peer_table_set_full(table, entry, false);
    assert_false(peer_table_is_full(table, 3));
    peer_table_unbind(table, entry);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(connections_are_counted_for_each_peer_and_for_all),
        TEST(a_peer_without_connections_begins_anew),
        TEST(the_peer_behind_a_descriptor_is_known_until_it_is_removed),
        TEST(descriptors_that_never_were_have_an_unknown_peer_and_room),
        TEST(a_late_removal_leaves_the_next_connection_of_a_descriptor),
        TEST(a_connection_is_full_until_it_is_set_to_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
