# SPDX-License-Identifier: MIT
"""
The golden exchanges of tests/cases through the whole binary: the call, the exact bytes that it sends upstream, the bytes that
are answered, the reply or the status with its details. A case without request.http must send nothing; one with "attempts"
sends the same bytes that often. "retry" is the pushback for a retry policy: "never", "later" or nothing. "metadata" are entries
of ErrorInfo's metadata, null for one that must not be there. A call has 30 s unless it says "deadline_ms".
"""
import json
import pathlib

import pytest

from support import api
from support.client import details
from support.secret import TokenFile
from support.sidecar import Sidecar
from support.upstream import Upstream, response, response_then_end

CASES = pathlib.Path(__file__).resolve().parents[1] / "cases"
REQUEST_ID = "5f2c1d0a-case"


def read(case, name):
    return json.loads((CASES / case / name).read_text(encoding="utf-8"))


def retry(call, told):
    """"never", "later" or None; RetryInfo is there for "later", and says the same time."""
    pushback = dict(call.trailing_metadata()).get("grpc-retry-pushback-ms")
    waits = [told["RetryInfo"].retry_delay.ToMilliseconds()] if "RetryInfo" in told else []
    if pushback in (None, "-1"):
        assert not waits
        return pushback and "never"
    assert waits == [int(pushback)] and waits[0] > 0
    return "later"


@pytest.fixture(scope="module")
def shared(certificate, tmp_path_factory):
    """One sidecar that serves all cases, one after another."""
    upstream = Upstream(certificate)
    token = TokenFile(tmp_path_factory.mktemp("cases") / "token")
    sidecar = Sidecar(upstream, token.path).ready()
    yield sidecar, upstream, token
    sidecar.stop()
    upstream.check()


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(shared, case):
    sidecar, upstream, token = shared
    before = len(upstream.requests)
    expected = []
    expect = read(case, "expect.json")
    attempts = expect.get("attempts", 1)
    own = attempts > 1 or expect["code"] == "RESOURCE_EXHAUSTED"
    if own:  # one sidecar has one retry budget and one rate for all cases
        sidecar = Sidecar(upstream, token.path).ready()
    if (CASES / case / "request.http").exists():
        expected = [(CASES / case / "request.http").read_bytes()
                    .replace(b"{{token}}", token.path.read_text().encode()).replace(b"{{host}}", upstream.authority.encode())
                    .replace(b"{{request_id}}", REQUEST_ID.encode())] * attempts
        data = (CASES / case / "response.http").read_bytes()
        upstream.script(*[(response_then_end if b"\r\nConnection: close\r\n" in data else response)(data)] * attempts)

    asked = read(case, "call.json")
    metadata = {"x-request-id": REQUEST_ID, **asked.get("metadata", {})}
    call = sidecar.client().call(asked["method"], asked["message"], metadata=list(metadata.items()),
                                 timeout=asked.get("deadline_ms", 30_000) / 1000)

    assert (call.code().name, call.details()) == (expect["code"], call.details())
    assert expect.get("message", "") in call.details()
    if "reply" in expect:
        reply = call.result()
        assert api.to_dict(reply) == api.to_dict(api.from_dict(reply.DESCRIPTOR.full_name, expect["reply"]))
    if expect["code"] != "OK":
        told = details(call)
        info = told["ErrorInfo"]
        assert (info.domain, info.reason, retry(call, told)) == (expect["domain"], expect["reason"], expect.get("retry"))
        wanted = expect.get("metadata", {})
        assert {key: info.metadata.get(key) for key in wanted} == wanted
    assert [request.raw for request in upstream.requests[before:]] == expected
    if attempts > 1:
        assert ("x-apig-attempts", str(attempts)) in [(key, value) for key, value in call.trailing_metadata()]
    if own:
        sidecar.stop()
