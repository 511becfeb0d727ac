# SPDX-License-Identifier: MIT
"""Without --project-id: does a key get the project of the region's name, and is a key that IAM refuses left alone?"""
import time

import pytest

from support.certificate import make_certificate
from support.client import details
from support.connect_proxy import ConnectProxy
from support.issuer import PROJECT, Issuer, Keys, pod_agent, projects
from support.metrics import value
from support.secret import Mount
from support.sidecar import run
from support.signature import Key, Verifier
from support.upstream import verified

LOADED, FAILED = "credential loaded", "credential fetch failed"
APIG, IAM = (f"{service}.cn-north-4.myhuaweicloud.com" for service in ("apig", "iam"))
KEY = Key("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
NEXT = Key("HSTAPERMANENTKEY0001", "n5jV0TgJxQ1sWfYb8LhKzR3mEaPcUoDi7Xv2Gt6N")
WRONG = Key(KEY.access, "w" + KEY.secret[1:])


@pytest.fixture
def keys(tmp_path):
    return Mount(tmp_path / "keys", KEY.files)


@pytest.fixture
def verifier(upstream):
    """IAM and the upstream accept what is signed with one of its keys."""
    made = Verifier(KEY, NEXT)
    upstream.always = verified(made)
    return made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("region"), alternatives=f"DNS:localhost,DNS:{APIG},DNS:{IAM}")


@pytest.fixture
def iam(certificate, verifier):
    made = Issuer(projects(verifier), certificate)
    yield made
    made.close()


@pytest.fixture
def proxy(upstream, iam):
    """The way to the region."""
    made = ConnectProxy({f"{APIG}:443": upstream.authority, f"{IAM}:443": iam.url.partition("//")[2]})
    upstream.authority = APIG
    yield made
    made.close()


@pytest.fixture
def options(proxy, certificate):
    return ["--region=cn-north-4", f"--upstream-proxy={proxy.url}", f"--upstream-ca-file={certificate.certificate}",
            f"--iam-ca-file={certificate.certificate}"]


@pytest.fixture
def started(start, options, keys):
    def started(*more, **others):
        sidecar = start(*options, *(more or [f"--keys={keys.directory}"]), upstream=None, token_file=None, **others)
        sidecar.secrets |= {KEY.secret, NEXT.secret, WRONG.secret}
        return sidecar
    return started


def call(client, project=""):
    return client.start(project_id=project)


def test_a_call_without_a_project_gets_that_of_the_regions_name(started, iam, upstream):
    sidecar = started()
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    call(client).result()
    call(client, "its-own").result()
    assert [request.fields["x-project-id"] for request in upstream.requests] == [PROJECT, "its-own"]
    assert [request.path for request in iam.requests] == ["/v3/projects?name=cn-north-4"]
    assert value(sidecar, "apig_sidecar_credential_fetches_total", source="keys", result="ok") == 1


def test_a_project_that_is_given_is_not_looked_up(started, keys, iam, upstream):
    sidecar = started(f"--keys={keys.directory}", "--project-id=given")
    sidecar.wait_log(event=LOADED)
    call(sidecar.client()).result()
    assert upstream.requests[0].fields["x-project-id"] == "given" and not iam.requests


def test_the_pods_key_is_looked_up_through_a_proxy_and_the_agent_is_asked_without(started, iam, proxy, verifier, upstream, tmp_path):
    mount = Mount(tmp_path / "pod", {"token": "a-token-of-the-pod-0123456789"})
    agent, proxy_of_iam = Issuer(pod_agent(Keys(verifier), (mount.directory / "token").read_text)), ConnectProxy(proxy.routes)
    sidecar = started("--pod-identity", f"--iam-proxy={proxy_of_iam.url}", variables={
        "HC_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
        "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(mount.directory / "token")})
    sidecar.wait_log(event=LOADED)
    call(sidecar.client()).result()
    assert upstream.requests[0].fields["x-project-id"] == PROJECT
    assert (proxy_of_iam.asked, proxy.asked) == ([f"{IAM}:443"], [f"{APIG}:443"]) and len(agent.requests) == 1
    agent.close()
    proxy_of_iam.close()


@pytest.mark.parametrize("listed", [[], ["one", "two"]], ids=["none", "two"])
def test_a_key_of_no_project_or_of_several_is_not_used(started, iam, verifier, upstream, listed):
    iam.rule = projects(verifier, listed)
    sidecar = started()
    message = sidecar.wait_log(event=FAILED)[0]["message"]
    assert f"{len(listed)} projects" in message and "--project-id" in message
    refused = call(sidecar.client())
    assert refused.exception().code().name == "UNAVAILABLE" and details(refused)["ErrorInfo"].reason == "NO_CREDENTIAL"
    assert not upstream.requests and sidecar.ask("/readyz", port="monitor")[0] == 503


def test_a_wrong_secret_is_sent_to_iam_once_and_the_right_file_ends_that_at_once(started, iam, keys, upstream):
    keys.swap(WRONG.files)
    sidecar = started()
    assert "next fetch is in 1800" in sidecar.wait_log(event=FAILED)[0]["message"]
    client = sidecar.client()
    for _ in range(20):
        assert call(client).exception().code().name == "UNAVAILABLE"
    assert len(iam.requests) == 1 and not upstream.requests
    begin = time.monotonic()
    keys.swap(KEY.files)
    while call(client).exception():
        assert time.monotonic() - begin < 2
        time.sleep(0.02)


def test_a_key_that_is_replaced_is_used_when_its_project_is_known(started, iam, keys, verifier):
    sidecar = started()
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    call(client).result()
    keys.swap(NEXT.files)
    sidecar.wait_log(2, event=LOADED)
    call(client).result()
    assert verifier.accepted[-1] == NEXT.access
    iam.fault = (503, {}, b"")
    keys.swap(KEY.files)
    sidecar.wait_log(event="credential fetch failed")
    call(client).result()
    assert verifier.accepted[-1] == NEXT.access, "another key may be that of another account"
    iam.fault = None
    sidecar.wait_log(3, event=LOADED)
    call(client).result()
    assert verifier.accepted[-1] == KEY.access


def test_a_key_that_turns_wrong_is_not_tried_at_every_call(started, iam, verifier, upstream):
    sidecar = started()
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    call(client).result()
    verifier.keys.clear()
    for _ in range(20):
        assert call(client).exception().code().name == "UNAVAILABLE"
    sidecar.wait_log(event=FAILED)
    assert len(upstream.requests) == 2 and len(iam.requests) == 2
    assert not verifier.locked


@pytest.mark.parametrize("skew", [3600, -3600], ids=["ahead", "behind"])
def test_a_clock_that_is_an_hour_off_is_learned_from_iam(started, iam, verifier, skew):
    iam.skew = verifier.skew = skew
    sidecar = started()
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    for _ in range(5):
        call(client).result()
    assert len(iam.requests) == 2


def test_check_finds_the_project(options, keys, iam):
    done = run("check", *options, f"--keys={keys.directory}")
    assert f"of project {PROJECT}" in done.stdout and KEY.access[:4] in done.stdout, done.stdout + done.stderr
