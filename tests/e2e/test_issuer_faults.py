# SPDX-License-Identifier: MIT
"""Whatever a source of the credential does instead of issuing one: is its fault named, and is it asked again in time?"""
import re

import pytest

from support.issuer import PROJECT, Cut, Issuer, Keys, Tokens, iam_users, keystone, metadata, stamp
from support.secret import Mount
from support.signature import Verifier
from support.upstream import accepting, verified

LOADED, FAILED = "credential loaded", "credential fetch failed"
PASSWORD = "a-password-0123456789abcdef"
TOKEN = {"X-Subject-Token": "MIIEissued-" + "0f1e2d3c4b5a6978" * 8}


def token(**members):
    return {"token": {"expires_at": stamp(3600), "project": {"id": PROJECT}, **members}}


PASSING = {
    "internal error": (keystone(500, "An unexpected error."), "HTTP 500"),
    "unavailable": ((503, {}, b""), "HTTP 503"),
    "failing over": ((410, {}, {"error_code": "IAM.0020", "error_msg": "auth failover to other regions"}), "IAM.0020"),
    "redirected": ((302, {"Location": "https://elsewhere.example/"}, b""), "HTTP 302"),
    "cut off": ((201, TOKEN, Cut(b'{"token":{"expires_at":')), "connection"),
    "not JSON": ((201, TOKEN, b"<html>"), "not readable JSON"),
    "nothing": ((201, TOKEN, b""), "not readable JSON"),
    "without a token": ((201, {}, token()), "X-Subject-Token"),
    "without an end": ((201, TOKEN, token(expires_at=None)), "does not say when"),
    "with an end that is not a time": ((201, TOKEN, token(expires_at="tomorrow")), "not a time"),
    "with an end in the past": ((201, TOKEN, token(expires_at=stamp(-60))), "no life left"),
    "with an end twice": ((201, TOKEN, b'{"token":{"expires_at":"2036-01-01T00:00:00Z","expires_at":"2037-01-01T00:00:00Z"}}'), "not readable JSON"),
    "too large": ((201, TOKEN, b" " * 100_000), "65536 bytes"),
}
OURS = {"bad request": keystone(400, "Expecting to find valid JSON"), "forbidden": keystone(403, "Policy doesn't allow it"),
        "not found": keystone(404, "Could not find the project")}


@pytest.fixture
def iam(certificate, upstream):
    tokens = Tokens()
    upstream.always = accepting(tokens)
    made = Issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}), certificate)
    yield made
    made.close()


@pytest.fixture
def started(start, certificate, iam, tmp_path):
    user = Mount(tmp_path / "user", {"name": "apig", "password": PASSWORD, "domain": "shop"})

    def started():
        sidecar = start(f"--iam={iam.url}", f"--iam-ca-file={certificate.certificate}", "--project-id=p",
                        f"--iam-user={user.directory}", token_file=None)
        sidecar.secrets |= {PASSWORD, TOKEN["X-Subject-Token"]}
        return sidecar
    return started


def pause_ms(sidecar):
    return int(re.search(r"next fetch is in (\d+) ms", sidecar.wait_log(event=FAILED)[0]["message"])[1])


@pytest.mark.parametrize("fault, words", PASSING.values(), ids=PASSING)
def test_a_passing_fault_is_named_and_the_source_is_asked_again_at_once(started, iam, fault, words):
    iam.fault = fault
    sidecar = started()
    assert words in sidecar.wait_log(event=FAILED)[0]["message"]
    assert pause_ms(sidecar) <= 750
    assert sidecar.client().refusal()[0] == "UNAVAILABLE"
    iam.fault = None
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    assert iam.most_running == 1


@pytest.mark.parametrize("fault", OURS.values(), ids=OURS)
def test_a_fault_of_our_configuration_is_not_repeated_for_a_minute(started, iam, fault):
    iam.fault = fault
    sidecar = started()
    assert pause_ms(sidecar) == 60_000
    message = sidecar.wait_log(event=FAILED)[0]["message"]
    assert fault[2]["error"]["message"] in message and fault[1]["X-IAM-Trace-Id"] in message
    assert len(iam.requests) == 1


def test_a_pause_that_the_source_asks_for_is_kept(started, iam):
    iam.fault = (429, {"Retry-After": "3"}, {"error": {"code": 429, "message": "IAM.0012"}})
    sidecar = started()
    assert pause_ms(sidecar) == 3000
    iam.fault = None
    sidecar.wait_log(event=LOADED)


def test_a_source_that_does_not_respond_is_given_up_after_three_seconds(start, upstream):
    verifier = Verifier()
    upstream.always = verified(verifier)
    keys = Keys(verifier)
    node = Issuer(metadata(keys, version=1))
    node.delay = 8
    sidecar = start("--metadata", f"--metadata-url={node.url}", token_file=None)
    sidecar.wait_log(event=FAILED)
    node.delay = 0
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    sidecar.secrets |= {secret for key in keys.issued for secret in (key.secret, key.security_token)}
    node.close()
