# SPDX-License-Identifier: MIT
"""Is the memory that callers can make the sidecar take bounded by --max-memory, shared fairly and given back?"""
import contextlib
import json
import ssl
import struct
import threading

from support import api
from support.bystander import bystander
from support.client import IDS, SECONDS, Client, details, refusal
from support.h2peer import DATA, END_STREAM, HEADERS, RST_STREAM, Peer, frame
from support.metrics import value
from support.process import status
from support.retrying import wait_until
from support.slow_upstream import SlowUpstream
from support.upstream import GROUP, created, http, late, response

MIB = 1 << 20
INITIAL_WINDOW, REFUSED_STREAM = 4, 7
NO_LIMITS = ("--log-sample=0", "--max-streams-per-peer=100000", "--max-in-flight=100000")


def reserved(sidecar):
    return value(sidecar, "apig_sidecar_memory_reserved_bytes")


def budget(sidecar):
    return value(sidecar, "apig_sidecar_memory_budget_bytes")


def refusals(sidecar, kind="call"):
    return value(sidecar, "apig_sidecar_memory_refusals_total", kind=kind)


def size(sidecar):
    """Its largest RSS, in bytes."""
    return status(sidecar.process, "VmHWM") << 10


@contextlib.contextmanager
def peers(sidecar, count, **how):
    with contextlib.ExitStack() as ended:
        yield [ended.enter_context(Peer(sidecar.address, **how)) for _ in range(count)]


def open_streams(peer, count, **how):
    """Opens streams without a message, and returns them."""
    streams = [next(peer.streams) for _ in range(count)]
    peer.send(*(peer.headers(stream, **how) for stream in streams))
    return streams


def ends(peer, count):
    """How the next `count` streams end that do: trailers as dicts, or the number of RST_STREAM."""
    while count:
        kind, flags, _, payload = peer.read()
        if kind == HEADERS:
            fields = dict(peer.decoder.decode(payload))
        if kind == HEADERS and flags & END_STREAM:
            yield fields
        elif kind == RST_STREAM and payload != b"\0\0\0\0":
            yield int.from_bytes(payload, "big")
        else:
            continue
        count -= 1


def test_streams_without_a_message_are_refused_above_the_memory_and_others_are_served(start, upstream):
    sidecar = start("--max-memory=64MiB", *NO_LIMITS)
    upstream.always = response()
    with bystander(sidecar), peers(sidecar, 8) as greedy:
        for peer in greedy:
            open_streams(peer, 900)
        first = next(ends(greedy[-1], 1))
        wait_until(lambda: refusals(sidecar) > 3000)
        assert budget(sidecar) / 2 < reserved(sidecar) <= budget(sidecar)
    assert first["grpc-status"] == "8" and "--max-memory" in first["grpc-message"]
    assert 500 <= int(first["grpc-retry-pushback-ms"]) <= 600
    assert size(sidecar) <= 64 * MIB
    wait_until(lambda: reserved(sidecar) < MIB)


def test_a_client_reads_why_its_call_was_refused(start, upstream):
    sidecar = start("--max-memory=1MiB", *NO_LIMITS)
    upstream.always = step = late()
    client = sidecar.client()
    calls = [client.start() for _ in range(20)]
    wait_until(lambda: any(call.done() for call in calls))
    refused = next(call for call in calls if call.done())
    assert refusal(refused)[0] == "RESOURCE_EXHAUSTED"
    assert details(refused)["ErrorInfo"].reason == "OVERLOADED"
    step.go.set()


def test_announced_messages_are_counted_before_they_come(start, upstream):
    """The length stands in the message's first bytes: nothing else of it is sent here."""
    sidecar = start("--max-memory=64MiB", *NO_LIMITS)
    upstream.always = response()
    with bystander(sidecar), peers(sidecar, 4) as greedy:
        for peer in greedy:
            for stream in open_streams(peer, 200):
                peer.send(frame(DATA, 0, stream, struct.pack(">BI", 0, 60000) + b"first"))
        wait_until(lambda: refusals(sidecar) > 300)
        assert reserved(sidecar) <= budget(sidecar)
        assert "--max-memory" in next(ends(greedy[0], 1))["grpc-message"]
    assert size(sidecar) <= 64 * MIB


def large_creates(sidecar, count):
    """Starts creates of 60 KB, on a connection of their own; a field that nobody knows makes them large."""
    request = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "large"}).SerializeToString()
    client = Client(sidecar.address)
    return [client.unary(api.CREATE, request + b"\xa2\x06\xe0\xd4\x03" + b"u" * 60000) for _ in range(count)]


def test_each_call_for_which_there_was_memory_ends_with_its_own_outcome(start, upstream):
    """C-core's own quota is wider and never acts: it would end calls and whole connections."""
    sidecar = start("--max-memory=64MiB", *NO_LIMITS)
    upstream.always = step = late()
    calls = [call for _ in range(3) for call in large_creates(sidecar, 200)]
    wait_until(lambda: refusals(sidecar) + value(sidecar, "apig_sidecar_calls_in_flight") == 600)
    step.go.set()
    outcomes = [call.code().name for call in calls]
    assert outcomes.count("RESOURCE_EXHAUSTED") == refusals(sidecar) > 100
    assert outcomes.count("OK") == 600 - refusals(sidecar) > 100


def listed(remark_bytes):
    listing = http(status=200, body={"total": 1, "size": 1, "groups": [{**GROUP, "remark": "r" * remark_bytes}]})
    return response(lambda request: listing if request.method == "GET" else created(request))


def half_sent(bytes_sent):
    """A create is answered. Of a list's answer half comes, and the rest when `go` is set."""
    go = threading.Event()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {2 * bytes_sent}\r\n\r\n".encode()
    body = json.dumps({"total": 0, "size": 0}).encode().ljust(2 * bytes_sent)

    def step(connection):
        request = connection.read()
        if request.method == "POST":
            connection.send(created(request))
            return True
        try:
            connection.send(head + body[:bytes_sent])
            go.wait(SECONDS)
            connection.send(body[bytes_sent:])
        except (ConnectionError, ssl.SSLError):
            return False  # the sidecar had no memory for it
        return True
    step.go = go
    return step


def test_responses_that_arrive_are_counted_and_those_of_creates_are_kept(start, upstream):
    sidecar = start("--max-memory=64MiB", *NO_LIMITS)
    upstream.always = step = half_sent(1_500_000)
    client = sidecar.client()
    with bystander(sidecar):
        lists = [client.call("ListApiGroups", IDS) for _ in range(60)]
        wait_until(lambda: refusals(sidecar, "response") > 20)
        step.go.set()
        outcomes = [call.code().name for call in lists]
    refused = next(call for call in lists if call.code().name == "RESOURCE_EXHAUSTED")
    assert details(refused)["ErrorInfo"].reason == "OVERLOADED" and "--max-memory" in refused.details()
    assert outcomes.count("OK") >= 5 and outcomes.count("OK") + outcomes.count("RESOURCE_EXHAUSTED") == 60
    assert size(sidecar) <= 80 * MIB
    wait_until(lambda: reserved(sidecar) < MIB)


def test_messages_that_grow_when_they_are_decoded_are_counted(start, upstream):
    """An empty string of a list is two bytes of a message, and many more in the memory of the call."""
    sidecar = start("--max-memory=64MiB", *NO_LIMITS)
    upstream.always = step = late(http(status=201, body={}))
    method = api.method("BatchAssociateCerts")
    request = api.from_dict(method.input_type.full_name, {**IDS, "group_id": "g", "domain_id": "d", "certificate_ids": [""] * 14000})
    client = sidecar.client()
    calls = [client.unary(f"/{method.containing_service.full_name}/{method.name}", request.SerializeToString()) for _ in range(300)]
    wait_until(lambda: refusals(sidecar) + value(sidecar, "apig_sidecar_calls_in_flight") == 300)
    assert size(sidecar) <= 80 * MIB
    step.go.set()
    refused = next(call for call in calls if call.code().name == "RESOURCE_EXHAUSTED")
    assert details(refused)["ErrorInfo"].reason == "OVERLOADED" and "--max-memory" in refused.details()
    wait_until(lambda: reserved(sidecar) < MIB)


def test_responses_of_reads_for_slow_readers_are_refused_above_the_memory(start, upstream):
    sidecar = start("--max-memory=64MiB", *NO_LIMITS)
    upstream.always = listed(100_000)
    with bystander(sidecar), peers(sidecar, 8, settings=[(INITIAL_WINDOW, 0)]) as slow:
        for peer in slow:
            for _ in range(80):
                peer.call(method="ListApiGroups")
        wait_until(lambda: refusals(sidecar, "response") + refusals(sidecar) > 100)
        assert reserved(sidecar) <= budget(sidecar) + MIB
    wait_until(lambda: reserved(sidecar) < MIB)


def test_connections_above_the_memory_are_closed_and_the_option_is_named(start):
    sidecar = start("--max-memory=1MiB")
    with peers(sidecar, 20, greet=False):
        assert "--max-memory" in sidecar.wait_log(event="connection refused")[0]["message"]
        assert refusals(sidecar, "connection") > 0


def test_the_streams_of_a_peer_have_a_bound_and_each_connection_may_have_a_few(start, upstream, tmp_path):
    sidecar = start("--max-streams-per-peer=40", f"--listen=unix:{tmp_path}/socket")
    upstream.always = response()
    with peers(sidecar, 2) as (first, second):
        open_streams(first, 30)
        first.ping()
        open_streams(second, 30)  # 10 are within the bound, and 6 more are the few
        assert ["--max-streams-per-peer" in ended["grpc-message"] for ended in ends(second, 14)] == [True] * 14
        assert first.create()["grpc-status"] == "8"
        Client(sidecar.address).create()
        Client(f"unix:{tmp_path}/socket").create()  # from another peer


def open_and_close(sidecar, connections, streams):
    for _ in range(connections):
        with Peer(sidecar.address) as peer:
            open_streams(peer, streams)
            peer.ping()


def test_a_peer_that_abandons_streams_by_closing_its_connections_gets_few_at_a_time(start, upstream):
    sidecar = start("--max-streams-per-peer=100")
    upstream.always = response()
    with bystander(sidecar):
        open_and_close(sidecar, 6, 80)
        wait_until(lambda: value(sidecar, "apig_sidecar_connections") == 1)
        with Peer(sidecar.address) as peer:
            open_streams(peer, 80)
            assert list(ends(peer, 60)) == [REFUSED_STREAM] * 60
            list(ends(peer, 4))
            wait_until(lambda: is_taken(peer))


def is_taken(peer):
    """Whether the connection gets one more stream."""
    peer.call(name="again")
    return next(ends(peer, 1)) != REFUSED_STREAM


def test_the_streams_that_a_mesh_proxy_abandons_cost_no_other_caller_behind_it(start, upstream):
    sidecar = start("--max-streams-per-peer=100", "--trust-xfcc")
    upstream.always = response()
    open_and_close(sidecar, 4, 80)
    with Peer(sidecar.address) as peer:
        open_streams(peer, 80)
        assert peer.create()["grpc-status"] == "0"


def test_a_mesh_proxy_that_cancels_too_much_is_read_more_slowly_and_keeps_its_connection(start, upstream):
    sidecar = start("--max-streams=50", "--trust-xfcc")
    upstream.always = response()
    with Peer(sidecar.address) as peer:
        for _ in range(4):
            for stream in open_streams(peer, 40):
                peer.send(peer.reset(stream))
        assert peer.create()["grpc-status"] == "0"
    assert value(sidecar, "apig_sidecar_connections_closed_total", reason="unfinished_calls") == 0


def test_memory_is_given_back_after_a_burst(start, upstream):
    sidecar = start("--max-memory=256MiB", "--upstream-idle-timeout=1s", *NO_LIMITS)
    upstream.always = response()
    with bystander(sidecar, least=50):
        pass
    before = status(sidecar.process, "VmRSS")
    with peers(sidecar, 20) as greedy:
        for peer in greedy:
            open_streams(peer, 100)
        calls = large_creates(sidecar, 200)
        wait_until(lambda: status(sidecar.process, "VmRSS") > 2 * before)
        assert {call.code().name for call in calls} == {"OK"}
    wait_until(lambda: status(sidecar.process, "VmRSS") <= 1.2 * before)


def upstream_connections(sidecar):
    return value(sidecar, "apig_sidecar_upstream_connections")


def resident(sidecar):
    return status(sidecar.process, "VmRSS") << 10


def test_the_memory_of_connections_upstream_is_given_back_when_they_are_closed(start, certificate):
    upstream = SlowUpstream(certificate, takes=0.5)
    sidecar = start("--upstream-idle-timeout=20s", *NO_LIMITS, upstream=upstream)
    client = sidecar.client()
    client.create()
    idle = resident(sidecar)
    while upstream_connections(sidecar) < 250:
        [call.result() for call in [client.start(timeout=60) for _ in range(600)]]
    assert resident(sidecar) > 1.3 * idle
    wait_until(lambda: upstream_connections(sidecar) == 0)
    wait_until(lambda: resident(sidecar) <= 1.2 * idle)
    upstream.close()
