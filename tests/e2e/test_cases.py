# SPDX-License-Identifier: MIT
"""
The golden exchanges of tests/cases through the whole binary: the call, the exact bytes that it sends upstream, the bytes that
are answered, the reply or the status. A case without request.http must send nothing; one with "attempts" sends the same bytes
that often.
"""
import json
import pathlib

import pytest

from support import api
from support.secret import TokenFile
from support.sidecar import Sidecar
from support.upstream import Upstream, answer

CASES = pathlib.Path(__file__).resolve().parents[1] / "cases"
REQUEST_ID = "5f2c1d0a-case"


def read(case, name):
    return json.loads((CASES / case / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shared(certificate, tmp_path_factory):
    """One sidecar serves all cases, one after the other, as in life."""
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
    if attempts > 1:  # retries come out of a budget, which one sidecar has for all cases
        sidecar = Sidecar(upstream, token.path).ready()
    if (CASES / case / "request.http").exists():
        expected = [(CASES / case / "request.http").read_bytes()
                    .replace(b"{{token}}", token.path.read_text().encode()).replace(b"{{host}}", upstream.authority.encode())
                    .replace(b"{{request_id}}", REQUEST_ID.encode())] * attempts
        upstream.script(*[answer((CASES / case / "answer.http").read_bytes())] * attempts)

    asked = read(case, "call.json")
    metadata = {"x-request-id": REQUEST_ID, **asked.get("metadata", {})}
    call = sidecar.client().start(metadata=list(metadata.items()), **asked["message"])

    assert (call.code().name, call.details()) == (expect["code"], call.details())
    assert expect.get("message", "") in call.details()
    if "reply" in expect:
        assert api.to_dict(call.result()) == expect["reply"]
    assert [request.raw for request in upstream.requests[before:]] == expected
    if attempts > 1:
        assert ("x-apig-attempts", str(attempts)) in [(key, value) for key, value in call.trailing_metadata()]
        sidecar.stop()
