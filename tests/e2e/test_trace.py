# SPDX-License-Identifier: MIT
"""Is the trace context of a call forwarded, and can the call be found in the log by it?"""
import pytest

from support.h2peer import RST_STREAM, Peer
from support.upstream import response

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
B3_SINGLE = {"b3": f"{TRACE}-{SPAN}-1"}
B3_MULTI = {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-parentspanid": SPAN, "x-b3-sampled": "1", "x-b3-flags": "0"}
W3C = {"traceparent": PARENT, "tracestate": "vendor=1,other=2"}


def fields_of(client, upstream, metadata):
    upstream.script(response())
    client.create(metadata=[*metadata.items()])
    return upstream.requests[-1].fields


@pytest.mark.parametrize("passed", [W3C, B3_SINGLE, B3_MULTI, {**W3C, **B3_SINGLE, **B3_MULTI, "x-request-id": "request-1"}],
                         ids=["W3C", "b3", "x-b3", "all"])
def test_trace_context_goes_upstream_and_into_the_log(sidecar, client, upstream, passed):
    fields = fields_of(client, upstream, passed)
    assert {name: fields.get(name) for name in passed} == passed
    sidecar.wait_log(event="call", trace_id=TRACE)


def test_nothing_else_of_the_callers_metadata_goes_upstream(client, upstream):
    kept = {"authorization": "Bearer callers-own", "x-auth-token": "callers-own", "cookie": "callers-own",
            "x-forwarded-for": "10.0.0.1", "baggage": "user=callers-own"}
    fields = fields_of(client, upstream, kept)
    assert not [name for name, value in fields.items() if "callers-own" in value or "evil" in value]
    assert "baggage" not in fields and "x-forwarded-for" not in fields


@pytest.mark.parametrize("name,value", [
    ("traceparent", f"00-{'0' * 32}-{SPAN}-01"), ("traceparent", PARENT + "-more"), ("traceparent", PARENT.upper()),
    ("b3", TRACE), ("x-b3-traceid", "1"), ("x-b3-sampled", "maybe"),
])
def test_malformed_trace_context_is_not_forwarded(sidecar, client, upstream, name, value):
    assert name not in fields_of(client, upstream, {name: value})
    [line] = sidecar.wait_log(event="call")
    assert "trace_id" not in line


def test_tracestate_goes_with_its_traceparent_or_not_at_all(client, upstream):
    assert "tracestate" not in fields_of(client, upstream, {**W3C, "traceparent": "00"})
    assert "tracestate" not in fields_of(client, upstream, {"tracestate": "vendor=1"})
    fields = fields_of(client, upstream, {"traceparent": PARENT, "tracestate": "no member"})
    assert fields["traceparent"] == PARENT and "tracestate" not in fields


def test_trace_context_that_is_given_twice_goes_upstream_once(client, upstream):
    upstream.script(response())
    client.create(metadata=[("traceparent", PARENT)] * 2 + [("x-request-id", "one"), ("x-request-id", "two")])
    assert upstream.requests[0].fields["x-request-id"] in ("one", "two")


def test_a_failure_is_found_by_its_trace_too(sidecar, client):
    client.refusal(name="", metadata=[("traceparent", PARENT)])
    sidecar.wait_log(event="call", step="validate", trace_id=TRACE)


def test_a_request_id_is_made_when_the_caller_has_none_and_is_returned(client, upstream):
    upstream.script(response(), response())
    calls = [client.start(), client.start(metadata=[("x-request-id", "of-the-caller")])]
    returned = [dict(call.initial_metadata()).get("x-request-id") for call in calls]  # failures: test_own_failures.py
    sent = {request.fields["x-request-id"] for request in upstream.wait_requests(2)}
    assert set(returned) == sent
    assert returned[1] == "of-the-caller"


@pytest.mark.parametrize("illegal", ["i" * 5000, "two words", "", "i" * 129], ids=["large", "blank", "empty", "long"])
def test_a_request_id_that_is_not_legal_is_replaced(client, upstream, illegal):
    made = fields_of(client, upstream, {"x-request-id": illegal})["x-request-id"]
    assert made != illegal and 0 < len(made) <= 32


@pytest.mark.parametrize("name", ["traceparent", "tracestate", "b3", "x-b3-traceid", "x-request-id", "x-other"])
def test_a_line_break_in_metadata_ends_the_call_and_sends_nothing(sidecar, upstream, name):
    """RFC 9113 section 8.2.1: the request is malformed."""
    with Peer(sidecar.address) as peer:
        stream = peer.call([(name, PARENT + "\r\nX-Forged: 1")], name="of_a_peer")
        ends = (payload for kind, _, number, payload in iter(peer.read, None) if kind == RST_STREAM and number == stream)
        assert next(ends) == b"\0\0\0\1"  # PROTOCOL_ERROR
    assert not upstream.requests
