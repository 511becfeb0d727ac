# SPDX-License-Identifier: MIT
"""Is the outcome of a call exact whatever the connection does, and is every create sent once?"""
import socket
import ssl
import threading

import grpc
import pytest

from support.certificate import make_certificate
from support.connect_proxy import ConnectProxy
from support.upstream import (GROUP, Connection, Upstream, response, response_then_end, chunked, end_after_reading, http, late,
                              reset_before_reading, silence)

SPLITS = [1, 2, 3, 17, 100]
ENDS = {"closed": Connection.close, "cut": Connection.cut, "reset": Connection.reset}
by_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
BODY = http().partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("step", [*map(end_after_reading, ENDS.values()), reset_before_reading],
                         ids=[*ENDS, "reset while writing"])
@pytest.mark.parametrize("before", [0, 1], ids=["fresh", "reused"])
def test_a_lost_response_is_an_unknown_outcome_and_nothing_is_sent_again(client, upstream, step, before):
    upstream.script(*[response()] * before, step)
    for _ in range(before):
        client.create()
    assert client.refusal()[0] == "UNKNOWN"
    assert len(upstream.requests) <= before + 1
    upstream.script(response())
    client.create()


@pytest.mark.parametrize("cut", [1, 9, 20, 60, len(http()) - 1])
@by_end
def test_a_truncated_response_is_an_unknown_outcome(client, upstream, cut, end):
    upstream.script(response_then_end(http()[:cut], end))
    assert client.refusal()[0] == "UNKNOWN"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("data", [chunked()[:-5], chunked()[:-2], chunked()[:200]], ids=["no last chunk", "no end", "inside"])
def test_a_truncated_chunked_response_is_an_unknown_outcome(client, upstream, data):
    upstream.script(response_then_end(data))
    assert client.refusal()[0] == "UNKNOWN"


@pytest.mark.parametrize("data", [
    b"\x00\x01\x02garbage\r\n\r\n", b"HTTP/2 201 Created\r\n\r\n", b"HTTP/1.1 2010 X\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n",
    b"HTTP/1.1 201 X\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{\"id\"", b"HTTP/1.1 201 X\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 201 X\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"id\":\"1\"}\r\n0\r\n\r\n",
    b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"HTTP/1.1 201 X\r\nFolded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 201 X\r\nNo colon\r\n\r\n", b"HTTP/1.1 201 X\r\nBare: a\rb\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 201 X\r\nLong: " + b"a" * 300_000,
], ids=["garbage", "version", "status", "101", "two lengths", "negative", "both framings", "chunk size", "folded", "no colon",
        "bare CR", "endless field"])
def test_bytes_that_are_not_a_response_are_an_unknown_outcome_and_end_the_connection(client, upstream, data):
    ended = threading.Event()

    def garbage(connection):
        connection.read()
        try:
            connection.send(data)
            connection.wait_end()
        except OSError:
            pass  # the sidecar need not read to the end
        ended.set()
        return False
    upstream.script(garbage, response())
    assert client.refusal()[0] == "UNKNOWN"
    assert ended.wait(30)
    client.create()
    assert upstream.connections == 2


@pytest.mark.parametrize("pieces", SPLITS)
@pytest.mark.parametrize("data", [http(), chunked(sizes=(1, 40, 13), trailers=b"X-Trailer: 1\r\n"),
                                  b"HTTP/1.1 100 Continue\r\n\r\n" + http()], ids=["length", "chunked", "interim"])
def test_the_split_of_a_response_changes_nothing(client, upstream, data, pieces):
    upstream.script(response(data, pieces))
    assert client.create()["id"] == GROUP["id"]


@by_end
def test_a_response_that_only_the_end_of_the_connection_delimits_is_whole_when_the_end_is_said(client, upstream, end):
    upstream.script(response_then_end(b"HTTP/1.1 400 X\r\n\r\n" + b'{"error_code":"APIG.3201","error_msg":"x"}', end))
    assert client.refusal()[0] == ("ALREADY_EXISTS" if end is Connection.close else "INVALID_ARGUMENT")


@by_end
def test_a_whole_json_text_of_http_1_0_needs_no_other_end(client, upstream, end):
    upstream.script(response_then_end(b"HTTP/1.0 201 X\r\n\r\n" + BODY, end))
    assert client.create()["id"] == GROUP["id"]


@by_end
def test_half_a_json_text_of_http_1_0_is_an_unknown_outcome(client, upstream, end):
    upstream.script(response_then_end(b"HTTP/1.0 201 X\r\n\r\n" + BODY[:-1], end))
    assert client.refusal()[0] == "UNKNOWN"


def test_bytes_behind_a_response_end_the_connection(client, upstream):
    upstream.script(response(http() + b"HTTP/1.1 201 X\r\n"), response())
    client.create()
    client.create()
    assert upstream.connections == 2


@pytest.mark.parametrize("fields", [["Connection: close"], ["connection: keep-alive, Close"]], ids=str)
def test_a_connection_that_the_response_closes_is_not_used_again(client, upstream, fields):
    upstream.script(response(http(fields=fields)), response())
    client.create()
    client.create()
    assert upstream.connections == 2


@by_end
def test_an_idle_connection_that_the_peer_ended_is_never_used(client, upstream, end):
    for number in range(20):
        ended = threading.Event()

        def step(connection):
            response_then_end(http(), end)(connection)
            ended.set()
            return False
        upstream.script(step)
        client.create()
        assert ended.wait(30)
        assert upstream.connections == number + 1
    assert len(upstream.requests) == 20


def test_a_late_response_is_received(client, upstream):
    step = late()
    upstream.script(step)
    call = client.start()
    upstream.wait_requests(1)
    assert not call.done()
    step.go.set()
    assert call.result().id == GROUP["id"]


def test_the_callers_deadline_ends_the_upstream_request(client, upstream):
    step = silence()
    upstream.script(step, response())
    call = client.start(timeout=0.5)
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert step.ended.wait(5)
    client.create()
    assert upstream.connections == 2


def test_the_default_deadline_is_for_calls_without_one(start, upstream):
    client = start("--deadline=300ms").client()
    upstream.script(silence())
    assert client.refusal(timeout=None)[0] == "DEADLINE_EXCEEDED"


def test_a_longer_deadline_is_cut_to_the_maximum(start, upstream):
    client = start("--deadline=100ms", "--max-deadline=300ms").client()
    upstream.script(silence())
    assert client.refusal(timeout=50)[0] == "DEADLINE_EXCEEDED"


def test_the_callers_cancel_ends_the_upstream_request(client, upstream):
    step = silence()
    upstream.script(step, response())
    call = client.start()
    upstream.wait_requests(1)
    call.cancel()
    assert step.ended.wait(1)  # it should take a tenth of a second
    client.create()
    assert upstream.connections == 2


def test_a_caller_that_goes_away_ends_the_upstream_request(sidecar, upstream):
    step = silence()
    upstream.script(step)
    client = sidecar.client()
    call = client.start()
    upstream.wait_requests(1)
    client.close()
    assert step.ended.wait(5)
    assert call.code() is grpc.StatusCode.CANCELLED


def test_a_response_after_the_deadline_is_dropped(client, upstream):
    step = late()
    upstream.script(step, response())
    assert client.start(timeout=0.3).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    step.go.set()
    client.create()


def test_a_call_in_the_queue_waits_no_longer_than_its_deadline(start, upstream):
    client = start("--upstream-connections=1").client()
    first = late()
    upstream.script(first)
    busy = client.start()
    upstream.wait_requests(1)
    code = client.start(timeout=0.3).code()
    first.go.set()
    busy.result()
    # On a busy machine the first may take longer by then, so that the second is refused.
    assert code in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert len(upstream.requests) == 1


def test_calls_queue_for_a_connection_and_are_served_in_turn(start, upstream):
    client = start("--upstream-connections=1").client()
    first = late()
    upstream.script(first, *[response()] * 5)
    calls = [client.start(f"group_{number}") for number in range(6)]
    upstream.wait_requests(1)
    first.go.set()
    for call in calls:
        call.result()
    assert upstream.connections == 1


def test_a_refused_upstream_connection_is_unavailable(start, certificate):
    gone = Upstream(certificate)
    gone.close()
    code, message = start(upstream=gone).client().refusal()
    assert code == "UNAVAILABLE"
    assert gone.authority in message


def test_a_name_that_does_not_resolve_is_unavailable(start, certificate):
    class Nowhere:
        url = "https://nowhere.invalid"
    Nowhere.certificate = certificate
    assert start(upstream=Nowhere).client().refusal()[0] == "UNAVAILABLE"


@pytest.mark.parametrize("greeting", ["close", "reset", "close after the handshake", "garbage"])
def test_a_connection_that_ends_before_the_request_loses_no_create(client, upstream, greeting):
    def greet(connection):
        if greeting == "garbage":
            connection.send(b"SSH-2.0-OpenSSH\r\n")
        if greeting == "close after the handshake":
            connection.handshake()
        connection.reset() if greeting == "reset" else connection.close()
    upstream.greet(*[greet] * 10)
    code = client.refusal()[0]
    allowed = ("UNAVAILABLE", "UNKNOWN") if greeting == "close after the handshake" else ("UNAVAILABLE",)
    assert code in allowed  # a request may already be on its way when a handshake's end is noticed
    assert not upstream.requests


def test_a_handshake_that_hangs_ends_with_the_deadline_and_nothing_was_sent(client, upstream):
    upstream.greet(*[lambda connection: connection.socket.recv(1 << 20) and connection.wait_end()] * 4)
    code, _ = client.refusal(timeout=0.5)
    assert code in ("DEADLINE_EXCEEDED", "UNAVAILABLE")
    assert not upstream.requests


def test_a_certificate_of_another_authority_is_refused(start, certificate, tmp_path):
    with_own = Upstream(make_certificate(tmp_path / "other"))
    with_own.certificate = certificate
    code, _ = start(upstream=with_own).client().refusal()
    assert code == "UNAVAILABLE"
    assert not with_own.requests


def test_a_certificate_for_another_name_is_refused(start, tmp_path):
    other = Upstream(make_certificate(tmp_path / "other", "apig.example.com", "DNS:apig.example.com"))
    assert start(upstream=other).client().refusal()[0] == "UNAVAILABLE"
    assert not other.requests


@pytest.mark.parametrize("tls_most", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def test_an_upstream_that_wants_a_client_certificate_is_named_as_such(start, certificate, tls_most):
    mutual = Upstream(certificate, tls_most=tls_most)
    mutual.context.load_verify_locations(certificate.certificate)
    mutual.context.verify_mode = ssl.CERT_REQUIRED
    client = start(upstream=mutual).client()
    for _ in range(10):
        code, message = client.refusal()
        assert (code, "the upstream wants a client certificate" in message) == ("UNAVAILABLE", True), message
    assert not mutual.requests


@pytest.mark.parametrize("identified", [True, False], ids=["key identifiers", "no key identifiers"])
@pytest.mark.parametrize("signed", ["by a CA", "by itself"])
def test_a_replaced_authority_of_the_same_name_is_named_as_such(start, tmp_path, signed, identified):
    former, present = [make_certificate(tmp_path / name, key_identifiers=identified) for name in ("former", "present")]
    leaf = make_certificate(tmp_path / "leaf", "leaf", authority=present, key_identifiers=identified)
    upstream = Upstream(leaf if signed == "by a CA" else present)
    upstream.certificate = former
    code, message = start(upstream=upstream).client().refusal()
    assert code == "UNAVAILABLE"
    assert "another key than that of the trusted CA of the same name" in message


def test_tls_below_1_2_is_refused(start, certificate):
    old = Upstream(certificate, tls_most=ssl.TLSVersion.TLSv1_1)
    assert start(upstream=old).client().refusal()[0] == "UNAVAILABLE"
    assert not old.requests


def test_tls_1_2_is_spoken(start, certificate):
    older = Upstream(certificate, tls_most=ssl.TLSVersion.TLSv1_2)
    older.script(response(), response())
    client = start(upstream=older).client()
    client.create()
    client.create()
    assert older.connections == 1
    older.check()


def test_proxy_variables_of_the_environment_are_ignored(start, upstream):
    nowhere = "http://127.0.0.1:1"
    variables = {"https_proxy": nowhere, "HTTPS_PROXY": nowhere, "all_proxy": nowhere}
    upstream.script(response())
    start(variables=variables).client().create()


@pytest.mark.parametrize("variables", [{}, {"no_proxy": "*", "NO_PROXY": "localhost"}], ids=["plain", "no_proxy"])
def test_the_proxy_of_the_option_is_used_whatever_the_environment_says(start, upstream, variables):
    proxy = ConnectProxy()
    upstream.script(response(), response())
    client = start(f"--upstream-proxy={proxy.url}", variables=variables).client()
    client.create()
    client.create()
    assert proxy.asked == [upstream.authority]
    proxy.close()


def test_the_log_has_the_step_that_ended_a_call_and_its_waiting_time(start, upstream):
    sidecar = start("--upstream-connections=1")
    first = late(http(fields=["X-Request-Id: upstream-1"]))
    upstream.script(first)
    busy = sidecar.client().start()
    upstream.wait_requests(1)
    assert sidecar.client().start(timeout=0.3).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    queued, = sidecar.wait_log(event="call", code="DEADLINE_EXCEEDED")
    assert queued["step"] == "send" and queued["queue_ms"] > 0 and "upstream_ms" not in queued
    first.go.set()
    busy.result()
    good, = sidecar.wait_log(event="call", code="OK")
    assert good["step"] == "reply" and good["upstream_request_id"] == "upstream-1"


def test_a_large_token_and_the_largest_remark_travel_whole(start, upstream, token):
    token.write("t" * 32000)
    upstream.script(response())
    start().client().create(remark="组" * 1000)
    assert upstream.requests[0].token == "t" * 32000
    assert upstream.requests[0].json()["remark"] == "组" * 1000


def test_a_prefix_of_the_upstream_stands_before_the_path(start, upstream):
    upstream.script(response())

    class Prefixed:
        url = upstream.url + "/prefix"
        certificate = upstream.certificate
    start(upstream=Prefixed).client().create()
    assert upstream.requests[0].target.startswith("/prefix/v2/")
