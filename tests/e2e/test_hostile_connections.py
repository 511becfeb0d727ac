# SPDX-License-Identifier: MIT
"""Are others served while peers hold idle connections, or send without reading?"""
import contextlib
import resource
import socket

import pytest

from support import api
from support.bystander import bystander
from support.client import Client, IDS
from support.h2peer import END_HEADERS, END_STREAM, HEADERS, PREFACE, RST_STREAM, Peer
from support.network import has_ipv6
from support.process import descriptors, status
from support.sidecar import SECONDS
from support.upstream import created, response

INITIAL_WINDOW = 4
FEW_DESCRIPTORS = 64
MONITOR_PLACES = 64


def have_descriptors(count):
    """Raises this process's limit of descriptors to the largest that the system allows, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(count, hard // 2 - 500)


def test_callers_of_both_families_are_one_peer_on_a_listener_for_all_addresses(start, upstream):
    if not has_ipv6():
        pytest.skip("this machine has no IPv6 on loopback")
    sidecar = start("--allow-public-plaintext", "--max-connections-per-peer=2", f"--listen=127.0.0.1:0", listen="[::]:0")
    upstream.always = response()
    [dual, ipv4] = [line["address"] for line in sidecar.wait_log(2, event="listening")]
    assert dual.startswith("[::]:")
    port = dual.rpartition(":")[2]
    Client(f"[::1]:{port}").create()
    call = Client(f"127.0.0.1:{port}").create
    call()
    assert sidecar.wait_log(2, event="call")[1]["peer"].startswith("127.0.0.1:")
    with Peer(f"127.0.0.1:{port}", greet=False), Peer(ipv4, greet=False) as above:
        above.wait_end()


def test_slow_requests_to_the_monitor_keep_no_probe_out(sidecar):
    host, _, port = sidecar.wait_log(event="monitor listening")[0]["address"].rpartition(":")
    with contextlib.ExitStack() as slow:
        for _ in range(3 * MONITOR_PLACES):
            connection = slow.enter_context(socket.create_connection((host, int(port)), SECONDS))
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: slow")
        for _ in range(200):
            assert sidecar.ask("/livez", port="monitor") == (200, "live\n")


def test_others_are_served_while_descriptors_run_out(start, upstream):
    sidecar = start(prefix=["prlimit", f"--nofile={FEW_DESCRIPTORS}:{FEW_DESCRIPTORS}"])
    upstream.always = response()
    with bystander(sidecar), contextlib.ExitStack() as strangers:
        for _ in range(4 * FEW_DESCRIPTORS):
            strangers.enter_context(Peer(sidecar.address, greet=False))
        sidecar.wait_log(event="connection refused")
    with bystander(sidecar):
        pass  # a new connection, after the hostile ones have ended


def test_ten_thousand_idle_connections_disturb_nobody(start, upstream):
    count = have_descriptors(10000)
    sidecar = start(f"--max-connections={count + 10}", f"--max-connections-per-peer={count + 10}", "--handshake-timeout=1h")
    upstream.always = response()
    with bystander(sidecar), contextlib.ExitStack() as idle:
        for number in range(count):
            idle.enter_context(Peer(sidecar.address, greet=number % 4 == 0))
        with bystander(sidecar):
            assert descriptors(sidecar.process) > count
    assert status(sidecar.process, "VmHWM") < 1 << 20


@pytest.mark.parametrize("said", [b"", PREFACE[:10]], ids=["silent", "in the preface"])
def test_a_peer_without_a_whole_preface_is_disconnected(start, upstream, said):
    sidecar = start("--handshake-timeout=1s")
    upstream.always = response()
    with bystander(sidecar), contextlib.ExitStack() as tricklers:
        peers = [tricklers.enter_context(Peer(sidecar.address, greet=False)) for _ in range(50)]
        for peer in peers:
            peer.send(said)
        for peer in peers:
            assert peer.wait_end() == []


def test_a_peer_that_stops_amid_headers_is_disconnected_as_idle(start, upstream):
    sidecar = start("--idle-timeout=1s")
    upstream.always = response()
    with bystander(sidecar), contextlib.ExitStack() as slow:
        peers = [slow.enter_context(Peer(sidecar.address)) for _ in range(50)]
        for peer in peers:
            peer.send(peer.headers(next(peer.streams))[:20])
        for peer in peers:
            peer.wait_end()


REQUEST = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "of_a_peer"}).SerializeToString()


def call_with_a_shut_window(peer, calls):
    for _ in range(calls):
        stream = next(peer.streams)
        peer.send(peer.headers(stream), peer.message(stream, REQUEST))


def test_a_peer_that_reads_no_responses_delays_no_other_and_loses_them(start, upstream):
    sidecar = start("--max-in-flight=100", "--deadline=1s", "--log-sample=0")
    upstream.always = response()
    with Peer(sidecar.address, settings=[(INITIAL_WINDOW, 0)]) as peer:
        for sent in range(0, 400, 20):
            call_with_a_shut_window(peer, 20)
            upstream.wait_requests(sent + 20)
        with bystander(sidecar):
            assert (HEADERS, END_STREAM | END_HEADERS) in ((kind, flags) for kind, flags, *_ in peer.frames())
    assert status(sidecar.process, "VmHWM") < 128 << 10


def test_responses_that_are_not_read_are_dropped_though_no_other_call_comes(start, upstream):
    sidecar = start("--deadline=1s")
    upstream.always = response()
    with Peer(sidecar.address, settings=[(INITIAL_WINDOW, 0)]) as peer:
        check = next(peer.streams)
        peer.send(peer.headers(check, path="/grpc.health.v1.Health/Check"), peer.message(check, b""))
        open_streams = {check, peer.call(name="of_a_peer")}
        while open_streams:
            kind, flags, stream, _ = peer.read()
            if kind == RST_STREAM or kind == HEADERS and flags & END_STREAM:
                open_streams.discard(stream)


def test_a_peer_that_reads_nothing_takes_bounded_memory(start, upstream):
    sidecar = start("--log-sample=0")
    upstream.always = response(lambda request: created(request, remark="r" * 100_000))
    with bystander(sidecar), Peer(sidecar.address, settings=[(INITIAL_WINDOW, 1 << 30)], receive_bytes=4096) as peer:
        call_with_a_shut_window(peer, 500)
        upstream.wait_requests(500)
    assert status(sidecar.process, "VmHWM") < 256 << 10
