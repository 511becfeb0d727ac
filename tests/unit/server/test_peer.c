/* SPDX-License-Identifier: MIT */
/* Which connections are one caller's? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "server/peer.h"

#include "base/banned.h"

static const struct config config;

static struct peer peer_at(uint32_t address, uint16_t port)
{
    struct peer peer;
    const struct sockaddr_in socket = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(address), .sin_port = htons(port)};
    peer_of_tcp((const struct sockaddr *)&socket, sizeof socket, &config, &peer);
    return peer;
}

static uint64_t hash_of(const char *name)
{
    struct peer peer = peer_at(0x0a000001, 1);
    const struct identity identity = {CALLER_URI, text_of(name)};
    peer_identify(&peer, &config, &identity, 1);
    return peer.caller_hash;
}

static void anonymous_callers_are_one_by_their_address_without_its_port(void **state)
{
    (void)state;
    assert_int_equal(peer_at(0x0a000001, 1).caller_hash, peer_at(0x0a000001, 2).caller_hash);
    assert_int_not_equal(peer_at(0x0a000001, 1).caller_hash, peer_at(0x0a000002, 1).caller_hash);
}

static void callers_with_a_name_are_one_by_the_whole_of_it(void **state)
{
    (void)state;
    char one[2 * CALLER_BYTES + 1], other[sizeof one];
    memset(one, 'a', sizeof one);
    memcpy(one, "spiffe://", 9);
    one[sizeof one - 1] = '\0';
    memcpy(other, one, sizeof one);
    assert_int_equal(hash_of(one), hash_of(other));
    other[sizeof other - 2] = 'b';
    assert_int_not_equal(hash_of(one), hash_of(other));
}

static void callers_of_a_unix_socket_are_one_by_their_user(void **state)
{
    (void)state;
    int pair[2];
    struct peer one, other;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    peer_of_unix(pair[0], &config, &one);
    peer_of_unix(pair[1], &config, &other);
    assert_memory_equal(one.caller, "uid:", 4);
    assert_int_equal(one.caller_hash, other.caller_hash);
    assert_int_not_equal(one.caller_hash, peer_at(0x0a000001, 1).caller_hash);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anonymous_callers_are_one_by_their_address_without_its_port),
        cmocka_unit_test(callers_with_a_name_are_one_by_the_whole_of_it),
        cmocka_unit_test(callers_of_a_unix_socket_are_one_by_their_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
