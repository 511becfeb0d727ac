# SPDX-License-Identifier: MIT
"""Does a call that ends before it reaches the pipeline leave the same traces as one that the pipeline refuses?"""
import struct

import pytest

from support import api
from support.client import IDS
from support.h2peer import DATA, Peer, frame
from support.metrics import value
from support.upstream import response

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = PARENT.split("-")[1]


def calls(sidecar, code, method=api.CREATE[1:]):
    return value(sidecar, "rpc_server_calls_total", rpc_method=method, rpc_response_status_code=code)


def failures(sidecar, reason):
    return value(sidecar, "apig_sidecar_failures_total", reason=reason)


def header_fault(peer, more=()):
    """The trailers of a call whose metadata is not base64."""
    stream = next(peer.streams)
    peer.send(peer.headers(stream, [*more, ("x-data-bin", "!")]))
    return peer.trailers(stream)


def message_fault(peer, more=()):
    """The trailers of a call whose message has a compressed flag of 7."""
    stream = next(peer.streams)
    peer.send(peer.headers(stream, more), frame(DATA, 0, stream, struct.pack(">BI", 7, 1) + b"x"))
    return peer.trailers(stream)


@pytest.mark.parametrize("fault", [header_fault, message_fault])
def test_a_fault_of_a_call_is_logged_and_counted_like_any_refusal(sidecar, fault):
    with Peer(sidecar.address) as peer:
        trailers = fault(peer)
    [line] = sidecar.wait_log(event="call")
    assert (line["level"], line["method"], line["step"], line["code"]) == ("info", api.CREATE, "receive", "INTERNAL")
    assert line["peer"].startswith("127.0.0.1:") and line["caller"] == "anonymous"
    assert (line["reason"], line["message"]) == ("PROTOCOL_ERROR", trailers["grpc-message"])
    assert len(line["request_id"]) == 32 and line["request_id"] == trailers["x-request-id"]
    assert (calls(sidecar, "INTERNAL"), failures(sidecar, "PROTOCOL_ERROR")) == (1, 1)


def test_a_call_that_comes_without_time_left_is_logged_and_counted_alike(sidecar):
    """Clients send 0 when the deadline has passed by then."""
    with Peer(sidecar.address) as peer:
        trailers = peer.create([("grpc-timeout", "0n"), ("x-request-id", "mine-4")])
    [line] = sidecar.wait_log(event="call")
    assert trailers["grpc-status"] == "4"
    assert (line["reason"], line["message"]) == ("DEADLINE_EXCEEDED", trailers["grpc-message"])
    assert trailers["x-request-id"] == line["request_id"] == "mine-4"
    assert (calls(sidecar, "DEADLINE_EXCEEDED"), failures(sidecar, "DEADLINE_EXCEEDED")) == (1, 1)


def test_the_callers_request_id_and_trace_are_those_of_the_refusal(sidecar):
    with Peer(sidecar.address) as peer:
        trailers = header_fault(peer, [("x-request-id", "mine-1"), ("traceparent", PARENT)])
    [line] = sidecar.wait_log(event="call")
    assert trailers["x-request-id"] == line["request_id"] == "mine-1"
    assert line["trace_id"] == TRACE


@pytest.mark.parametrize("given", ["two words", "x" * 200])
def test_a_request_id_that_is_none_is_replaced(sidecar, given):
    with Peer(sidecar.address) as peer:
        trailers = header_fault(peer, [("x-request-id", given)])
    [line] = sidecar.wait_log(event="call")
    assert len(line["request_id"]) == 32 and line["request_id"] == trailers["x-request-id"]


def test_a_caller_who_is_not_allowed_is_logged_and_counted_by_its_headers_alone(start):
    sidecar = start("--allow-callers=uri:spiffe://cluster.local/ns/shop/sa/orders")
    with Peer(sidecar.address) as peer:
        stream = next(peer.streams)
        peer.send(peer.headers(stream, [("x-request-id", "mine-2")]))
        trailers = peer.trailers(stream)
    [line] = sidecar.wait_log(event="call")
    assert trailers["grpc-status"] == "7"
    assert (line["step"], line["code"], line["caller"]) == ("admit", "PERMISSION_DENIED", "anonymous")
    assert (line["reason"], line["message"]) == ("CALLER_NOT_ALLOWED", trailers["grpc-message"])
    assert trailers["x-request-id"] == line["request_id"] == "mine-2"
    assert (calls(sidecar, "PERMISSION_DENIED"), failures(sidecar, "CALLER_NOT_ALLOWED")) == (1, 1)
    assert value(sidecar, "apig_sidecar_callers_denied_total", caller="anonymous") == 1


def test_a_call_of_an_unknown_method_is_logged_and_counted_by_its_headers_alone(sidecar):
    with Peer(sidecar.address) as peer:
        stream = next(peer.streams)
        peer.send(peer.headers(stream, [("x-request-id", "mine-3"), (":path", "/no.Such/Method")]))
        trailers = peer.trailers(stream)
    [line] = sidecar.wait_log(event="call")
    assert trailers["grpc-status"] == "12"
    assert (line["method"], line["step"], line["code"]) == ("/no.Such/Method", "receive", "UNIMPLEMENTED")
    assert (line["reason"], line["message"]) == ("UNKNOWN_METHOD", trailers["grpc-message"])
    assert trailers["x-request-id"] == line["request_id"] == "mine-3"
    assert (calls(sidecar, "UNIMPLEMENTED", method="_OTHER"), failures(sidecar, "UNKNOWN_METHOD")) == (1, 1)


def test_calls_whose_caller_has_gone_before_they_come_are_logged_and_counted_alike(sidecar, upstream):
    upstream.always = response()
    request = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "gone"}).SerializeToString()
    count = 300
    with Peer(sidecar.address) as peer:
        streams = [next(peer.streams) for _ in range(count)]
        peer.send(*[piece for stream in streams
                    for piece in (peer.headers(stream, [("x-request-id", f"gone-{stream}")]), peer.message(stream, request),
                                  peer.reset(stream))])
        lines = sidecar.wait_log(count, event="call", code="CANCELLED")
    assert {line["request_id"] for line in lines} == {f"gone-{stream}" for stream in streams}
    assert {(line["method"], line["reason"]) for line in lines if line["step"] == "receive"} <= {(api.CREATE, "CANCELLED")}
    assert (calls(sidecar, "CANCELLED"), failures(sidecar, "CANCELLED")) == (count, count)


def test_paths_of_a_callers_own_invention_share_one_count(sidecar):
    with Peer(sidecar.address) as peer:
        for number in range(20):
            header_fault(peer, [(":path", f"/no.Such/Method{number}")])
    assert calls(sidecar, "INTERNAL", method="_OTHER") == 20
