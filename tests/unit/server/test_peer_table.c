/* SPDX-License-Identifier: MIT */
/* Are connections counted by peer? */
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(connections_are_counted_for_each_peer_and_for_all),
        TEST(a_peer_without_connections_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
