# SPDX-License-Identifier: MIT
"""With a thousand calls in flight: does none fail while the credential is renewed, revoked, or its source is down?"""
import time

import pytest

from support.in_flight import InFlight
from support.issuer import Issuer, Keys, Tokens, iam_users, metadata
from support.secret import Mount
from support.signature import Verifier
from support.upstream import accepting, verified

LOADED, FAILED = "credential loaded", "credential fetch failed"
COUNT = 1000
PASSWORD = "a-password-0123456789abcdef"


@pytest.fixture
def keys(upstream):
    verifier = Verifier()
    upstream.always = verified(verifier)
    return Keys(verifier)


@pytest.fixture
def node(keys):
    made = Issuer(metadata(keys))
    yield made
    made.close()


@pytest.fixture
def load():
    """Ended after the test; no call may have failed."""
    loads = []

    def load(sidecar):
        loads.append(InFlight(sidecar.client(), COUNT))
        return loads[-1]
    yield load
    for each in loads:
        each.end()
        assert not each.failed, each.failed


@pytest.fixture
def started(start):
    return lambda *options: start(*options, f"--max-in-flight={2 * COUNT}", "--log-sample=0", token_file=None)


def test_no_call_fails_over_a_renewal(started, node, keys, load):
    keys.life = 31
    sidecar = started("--metadata", f"--metadata-url={node.url}")
    sidecar.wait_log(event=LOADED)
    busy = load(sidecar)
    busy.wait(COUNT)
    keys.life = 3600
    sidecar.wait_log(2, event=LOADED)
    busy.wait(2 * COUNT)
    assert {key.access for key in keys.issued} == set(keys.verifier.accepted) and len(keys.issued) == 2
    assert node.most_running == 1


def test_no_call_fails_over_revocations(started, node, keys, load):
    sidecar = started("--metadata", f"--metadata-url={node.url}")
    sidecar.wait_log(event=LOADED)
    busy = load(sidecar)
    busy.wait(COUNT)
    for count in range(2, 5):
        keys.verifier.keys.clear()
        sidecar.wait_log(count, event=LOADED)
        busy.wait(2 * COUNT)
    assert len(keys.issued) == 4, "one fetch for each revocation"
    assert node.most_running == 1


def sleep_until(when):
    time.sleep(max(0, when - time.monotonic()))


def test_no_call_fails_while_iam_is_down_from_65_to_85_percent_of_two_minutes(started, certificate, upstream, tmp_path, load):
    tokens, life = Tokens(), 120
    tokens.life = life + 10  # the last ten seconds are not used
    upstream.always = accepting(tokens)
    user = Mount(tmp_path / "user", {"name": "apig", "password": PASSWORD, "domain": "shop"})
    iam = Issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}), certificate)
    sidecar = started(f"--iam={iam.url}", f"--iam-ca-file={certificate.certificate}", "--project-id=p", f"--iam-user={user.directory}")
    begin = time.monotonic()
    sidecar.wait_log(event=LOADED)
    sidecar.secrets |= {PASSWORD, *tokens.issued}
    sleep_until(begin + 0.65 * life)
    iam.fault = (503, {}, b"")
    busy = load(sidecar)
    sleep_until(begin + 0.85 * life)
    iam.fault = None
    sidecar.wait_log(2, event=LOADED)
    assert time.monotonic() - begin < life, "the first token was good until then"
    busy.wait(COUNT)
    assert sidecar.wait_log(event=FAILED) and len(tokens.issued) == 2 and iam.most_running == 1
    iam.close()
