# SPDX-License-Identifier: MIT
"""Can a peer fill the log, or insert lines into it?"""
import time

from support.h2peer import Peer
from support.upstream import GROUP, response, http

FLOOD = 500


def check_flood(sidecar, event, began):
    sidecar.stop()
    lines = [line for line in sidecar.lines if line["event"] == event]
    written = sum(1 for line in lines if "message" in line or "member" in line)
    suppressed = sum(line.get("suppressed", 0) for line in lines)
    assert 10 <= written <= 11 + time.monotonic() - began
    assert written + suppressed == FLOOD


def test_malformed_headers_do_not_reach_the_log(sidecar, client, upstream):
    """C-core would log each, and never sees them."""
    upstream.always = response()
    with Peer(sidecar.address) as peer:
        for number in range(FLOOD):
            peer.send(peer.headers(next(peer.streams), [("content-type", f"{number}\r\n{{\"event\":\"forged\"}}")]))
        assert peer.create()["grpc-status"] == "0"
    client.create()
    sidecar.stop()
    assert not {"gRPC core", "forged"} & {line["event"] for line in sidecar.lines}


def test_unreadable_responses_are_counted_and_do_not_fill_the_log(sidecar, client, upstream):
    upstream.always = response(http(201, {**GROUP, "status": "no number"}))
    began = time.monotonic()
    for call in [client.start() for _ in range(FLOOD)]:
        call.result()
    check_flood(sidecar, "response member unreadable", began)


def test_refused_connections_are_counted_and_do_not_fill_the_log(start, upstream):
    sidecar = start("--max-connections=1")
    upstream.always = response()
    client = sidecar.client()
    client.create()
    began = time.monotonic()
    for _ in range(FLOOD):
        with Peer(sidecar.address, greet=False) as peer:
            peer.wait_end()
    client.create()
    check_flood(sidecar, "connection refused", began)


def test_the_level_of_the_log_is_changed_while_running(start, upstream):
    sidecar = start()
    client = sidecar.client()
    upstream.always = response()
    assert sidecar.ask("/log-level", "PUT", "error") == (200, "error\n")
    client.create("unseen")
    assert sidecar.ask("/log-level", "PUT", "loud")[0] == 400
    assert sidecar.ask("/log-level", "PUT", "info\n") == (200, "info\n")
    client.create("seen")
    sidecar.stop()
    assert [line["code"] for line in sidecar.lines if line["event"] == "call"] == ["OK"]
