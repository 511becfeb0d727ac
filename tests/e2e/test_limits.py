# SPDX-License-Identifier: MIT
"""Does each limit of a connection end it, with a message that names the option? Limits of calls: test_own_failures.py."""
import time

from support.bystander import bystander
from support.client import Client, details
from support.h2peer import GOAWAY, Peer
from support.upstream import response, late, silence


def test_connections_above_the_limit_of_a_peer_are_refused_and_the_option_is_named(start, upstream, tmp_path):
    sidecar = start("--max-connections-per-peer=2", f"--listen=unix:{tmp_path}/socket")
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address) as second:
        assert second.create()["grpc-status"] == "0"
        with Peer(sidecar.address, greet=False) as third:
            assert third.wait_end() == []
        assert "--max-connections-per-peer" in sidecar.wait_log(event="connection refused")[0]["message"]
        Client(f"unix:{tmp_path}/socket").create()  # from another peer


def test_connections_above_the_limit_are_refused_and_the_option_is_named(start, upstream):
    sidecar = start("--max-connections=1")
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address, greet=False) as second:
        assert second.wait_end() == []
        assert "--max-connections " in sidecar.wait_log(event="connection refused")[0]["message"]


def is_told_to_go(peer):
    return GOAWAY in (kind for kind, *_ in peer.frames())


def test_an_idle_connection_gets_a_goaway(start, upstream):
    sidecar = start("--idle-timeout=1s")
    with Peer(sidecar.address) as peer:
        assert is_told_to_go(peer)


def test_an_old_connection_gets_a_goaway_and_its_call_has_time_to_end(start, upstream):
    sidecar = start("--max-age=1s", "--max-age-grace=30s")
    step = late()
    upstream.script(step)
    client = sidecar.client()
    call = client.start()
    upstream.wait_requests(1)
    with Peer(sidecar.address) as young:
        assert is_told_to_go(young)
    step.go.set()
    assert call.result().id


def hang(connection):
    """Never responds to the handshake."""
    connection.socket.recv(1 << 20)
    connection.wait_end()


def end_of_grace(sidecar):
    """Returns a call that would take longer than the grace of its connection, and its log line."""
    began = time.monotonic()
    call = sidecar.client().start()
    assert call.exception() and time.monotonic() - began < 20
    return call, sidecar.wait_log(event="call")[0]


def test_a_call_that_was_sent_ends_with_the_grace_of_its_old_connection_and_its_outcome_is_unknown(start, upstream):
    silent = silence()
    upstream.script(silent)
    call, line = end_of_grace(start("--max-age=500ms", "--max-age-grace=500ms"))
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.reason, info.metadata["name"]) == ("UNKNOWN", "OUTCOME_UNKNOWN", "api_group_001")
    assert dict(call.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"
    assert line["code"] == "UNKNOWN"
    assert silent.ended.wait(60)


def test_a_call_that_was_not_sent_ends_with_the_grace_of_its_old_connection_and_may_be_repeated(start, upstream):
    upstream.greet(*[hang] * 4)
    call, line = end_of_grace(start("--max-age=500ms", "--max-age-grace=500ms"))
    assert call.code().name == line["code"] == "UNAVAILABLE"
    assert details(call)["ErrorInfo"].domain == "apig-sidecar" and "nothing was sent" in call.details()
    assert int(dict(call.trailing_metadata())["grpc-retry-pushback-ms"]) > 0


def test_a_new_connection_that_stays_silent_is_closed(start):
    sidecar = start("--handshake-timeout=500ms")
    with Peer(sidecar.address, greet=False) as silent:
        assert silent.wait_end() == []


def test_callers_get_their_limit_of_open_calls(start):
    sidecar = start("--max-streams=7")
    with Peer(sidecar.address) as peer:
        _, _, _, settings = peer.read()
    pairs = [settings[at:at + 6] for at in range(0, len(settings), 6)]
    assert b"\0\x03\0\0\0\x07" in pairs
