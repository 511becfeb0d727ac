# SPDX-License-Identifier: MIT
"""Does the sidecar fetch and renew temporary keys, and does no call fail for it?"""
import os
import signal
import threading
import time

import pytest

from support.issuer import PROJECT, SECURITY_KEY, Issuer, Keys, metadata, pod_agent
from support.metrics import value
from support.process import mappings
from support.secret import Mount
from support.sidecar import run
from support.signature import Verifier
from support.upstream import verified

LOADED, FAILED = "credential loaded", "credential fetch failed"
POD_TOKEN = "eyJhbGciOiJSUzI1NiJ9." + "pod-token-0123456789" * 20


@pytest.fixture
def verifier(upstream):
    made = Verifier()
    upstream.always = verified(made)
    return made


@pytest.fixture
def keys(verifier):
    return Keys(verifier)


@pytest.fixture
def issuers():
    opened = []

    def opened_with(rule, **more):
        opened.append(Issuer(rule, **more))
        return opened[-1]
    yield opened_with
    for issuer in opened:
        issuer.close()


@pytest.fixture
def node(issuers, keys):
    return issuers(metadata(keys))


@pytest.fixture
def started(start, keys):
    sidecars = []

    def started(*options, **more):
        sidecars.append(start(*options, **{"token_file": None, **more}))
        return sidecars[-1]
    yield started
    for sidecar in sidecars:
        sidecar.secrets |= {secret for key in keys.issued for secret in (key.secret, key.security_token)}


def loaded_at(sidecar, kind):
    return value(sidecar, "apig_sidecar_credential_timestamp_seconds", kind=kind)


def on_node(node):
    return ["--metadata", f"--metadata-url={node.url}"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_call_is_signed_with_the_nodes_key_in_the_nodes_project(started, issuers, keys, verifier, upstream, version):
    node = issuers(metadata(keys, version))
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    sidecar.client().start(project_id="").result()
    assert verifier.accepted == [keys.issued[0].access]
    assert upstream.requests[0].fields["x-project-id"] == PROJECT
    assert node.count(SECURITY_KEY) == 1


def test_a_call_is_signed_with_the_pods_key(started, issuers, keys, verifier, tmp_path):
    mount = Mount(tmp_path / "pod", {"token": POD_TOKEN})
    agent = issuers(pod_agent(keys, (mount.directory / "token").read_text))
    variables = {"HC_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
                 "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(mount.directory / "token")}
    sidecar = started("--pod-identity", variables=variables)
    sidecar.secrets.add(POD_TOKEN)
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    assert verifier.accepted == [keys.issued[0].access]
    assert agent.requests[0].path == "/v1/credentials"


def test_the_pods_token_and_a_key_that_was_replaced_are_nowhere_in_the_memory(started, issuers, keys, verifier, tmp_path):
    mount = Mount(tmp_path / "pod", {"token": POD_TOKEN})
    agent = issuers(pod_agent(keys, (mount.directory / "token").read_text))
    sidecar = started("--pod-identity", variables={"HC_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
                                                   "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(mount.directory / "token")})
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    verifier.keys.clear()
    client.create()
    sidecar.wait_log(2, event=LOADED)
    old, live = keys.issued
    memory = list(mappings(sidecar.process))
    for secret in (POD_TOKEN, old.secret, old.security_token):
        assert not any(secret.encode() in piece for piece in memory)
    assert any(live.secret.encode() in piece for piece in memory), "the search finds a secret that is there"


@pytest.mark.parametrize("missing", ["HC_CONTAINER_CREDENTIALS_FULL_URI", "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", None])
def test_a_pod_without_an_identity_is_refused_by_the_variables_name(missing):
    variables = {"HC_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1", "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"}
    if missing:
        del variables[missing]
    else:
        missing = "HC_CONTAINER_CREDENTIALS_FULL_URI"
        variables[missing] = "http://example.com/v1"
    done = run("serve", "--upstream=https://localhost:1", "--pod-identity", variables=variables)
    assert done.returncode == 2 and missing in done.stderr


def test_a_node_without_an_agency_is_named(started, node):
    node.fault = lambda request: ((401, {}, b"Please configure Cloud Service Agency first") if request.path == SECURITY_KEY
                                  else node.rule(request))
    sidecar = started(*on_node(node))
    assert "agency" in sidecar.wait_log(event=FAILED)[0]["message"]
    assert sidecar.client().refusal()[0] == "UNAVAILABLE"


def test_a_source_that_is_down_at_the_start_is_asked_again(started, node, verifier, keys):
    node.fault = (503, {}, b"")
    sidecar = started(*on_node(node))
    client = sidecar.client()
    sidecar.wait_log(event=FAILED)
    assert client.refusal()[0] == "UNAVAILABLE"
    assert sidecar.ask("/readyz", port="monitor")[0] == 503
    time.sleep(2)
    node.fault, begin = None, time.monotonic()
    sidecar.wait_log(event=LOADED)
    assert time.monotonic() - begin < 4
    client.create()
    assert sidecar.ask("/readyz", port="monitor")[0] == 200


def flood(client, stop, failures):
    """Calls from several threads until `stop` is set."""
    def call():
        while not stop.is_set():
            try:
                client.create()
            except Exception as failure:
                failures.append(failure)
    threads = [threading.Thread(target=call, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    return threads


def test_no_call_fails_over_renewals(started, node, keys, verifier):
    keys.life = 31
    sidecar = started(*on_node(node), "--log-sample=0")
    sidecar.wait_log(event=LOADED)
    stop, failures = threading.Event(), []
    threads = flood(sidecar.client(), stop, failures)
    sidecar.wait_log(2, event=LOADED)
    keys.life = 3600
    sidecar.wait_log(3, event=LOADED)
    stop.set()
    [thread.join() for thread in threads]
    assert not failures
    assert set(verifier.accepted) >= {key.access for key in keys.issued[:2]}
    assert node.most_running == 1


def test_a_key_that_was_replaced_is_nowhere_in_the_memory(started, node, keys):
    keys.life = 31
    sidecar = started(*on_node(node))
    client = sidecar.client()
    sidecar.wait_log(event=LOADED)
    client.create()
    sidecar.wait_log(2, event=LOADED)
    client.create()
    old, live = keys.issued[:2]
    memory = list(mappings(sidecar.process))
    for secret in (old.secret, old.security_token):
        assert not any(secret.encode() in piece for piece in memory)
    assert any(live.secret.encode() in piece for piece in memory), "the search finds a secret that is there"


def test_no_call_fails_when_the_key_in_use_is_revoked(started, node, keys, verifier):
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    for _ in range(3):
        calls = [client.start() for _ in range(50)]
        verifier.keys.clear()
        [call.result() for call in calls]
        client.create()
    assert node.count(SECURITY_KEY) <= 7
    assert node.most_running == 1


def test_a_key_that_is_refused_from_the_first_call_on_is_replaced(started, node, keys, verifier):
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    second = "TEMPORARYKEY00000001"
    verifier.keys.clear()
    verifier.locked[second] = time.monotonic() + 300
    client = sidecar.client()
    client.refusal()
    assert keys.issued[1].access == second
    sidecar.wait_log(3, event=LOADED)
    client.create()
    assert verifier.accepted == [keys.issued[2].access]


def test_a_source_that_fails_leaves_the_last_key_in_use(started, node, keys, verifier):
    keys.life = 31
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    node.fault = (500, {}, {"error_code": "APIG.9999", "error_msg": "System error"})
    client = sidecar.client()
    sidecar.wait_log(event=FAILED)
    client.create()
    node.fault, keys.life = None, 3600
    sidecar.wait_log(2, event=LOADED)
    client.create()
    assert verifier.accepted == [key.access for key in keys.issued[:2]]
    assert len([line for line in sidecar.lines if line["event"] == FAILED]) == 1, "one line for each cause"


def test_a_process_that_slept_over_the_end_of_its_key_uses_it_no_more(started, node, keys, verifier):
    keys.life = 14
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    node.fault = (503, {}, b"")
    os.kill(sidecar.process.pid, signal.SIGSTOP)
    time.sleep(6)
    os.kill(sidecar.process.pid, signal.SIGCONT)
    assert client.refusal()[0] == "UNAVAILABLE"
    assert len(verifier.accepted) == 1
    sidecar.wait_log(event="credential expired")


def test_a_process_that_slept_over_a_renewal_signs_with_the_next_key(started, node, keys, verifier):
    keys.life = 14
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    keys.life = 3600
    os.kill(sidecar.process.pid, signal.SIGSTOP)
    time.sleep(5)
    asleep = [client.start() for _ in range(50)]
    os.kill(sidecar.process.pid, signal.SIGCONT)
    assert {call.code().name for call in asleep} <= {"OK", "UNAVAILABLE"}
    sidecar.wait_log(2, event=LOADED)
    client.create()
    first, *others = verifier.accepted
    assert first == keys.issued[0].access and set(others) == {keys.issued[1].access}


def test_a_key_that_has_expired_has_no_time_in_the_metrics(started, node, keys):
    keys.life = 16
    node.fault = lambda request: (503, {}, b"") if keys.issued else node.rule(request)
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    assert loaded_at(sidecar, "key") > 0
    sidecar.wait_log(event="credential expired")
    assert [loaded_at(sidecar, kind) for kind in ("key", "token")] == [0, 0]


@pytest.mark.parametrize("skew", [7200, -7200], ids=["ahead", "behind"])
def test_an_upstream_whose_clock_is_wrong_does_not_end_a_key_that_the_source_calls_good(started, node, keys, verifier, skew):
    verifier.skew = skew
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    for _ in range(5):
        client.create()
    assert len(keys.issued) == 1


@pytest.mark.parametrize("skew", [3600, -3600], ids=["ahead", "behind"])
def test_a_clock_that_is_an_hour_off_is_learned_from_the_source(started, node, keys, verifier, skew):
    node.skew = verifier.skew = skew
    keys.life = 3600 + skew if skew > 0 else 3600
    sidecar = started(*on_node(node))
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    for _ in range(5):
        client.create()
    assert not any(verifier.failures.values())


def test_check_makes_one_fetch_and_describes_it(node, keys):
    done = run("check", "--upstream=https://127.0.0.1:1", *on_node(node))
    assert f"temporary access key {keys.issued[0].access[:4]}… of project {PROJECT}, until " in done.stdout
    assert node.count(SECURITY_KEY) == 1
    assert keys.issued[0].secret not in done.stdout + done.stderr


def test_check_reports_a_key_whose_life_has_ended(node, keys):
    keys.life = 5
    done = run("check", "--upstream=https://127.0.0.1:1", *on_node(node))
    assert done.returncode == 1
    assert f"credential: metadata {node.url}: the credential that came has no life left" in done.stdout


def test_check_reports_the_words_of_a_source_that_refuses(node):
    node.fault = (403, {"X-Request-Id": "0f1e2d3c"}, {"error_code": "IAM.0003", "error_msg": "Policy doesn't allow it"})
    done = run("check", "--upstream=https://127.0.0.1:1", *on_node(node))
    assert done.returncode == 1
    for part in ("HTTP 403", "IAM.0003", "Policy doesn't allow it", "0f1e2d3c"):
        assert part in done.stdout
