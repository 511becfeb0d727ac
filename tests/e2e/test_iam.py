# SPDX-License-Identifier: MIT
"""Does the sidecar get its credential from IAM and STS, renew it, and leave them alone after a refusal?"""
import signal
import threading
import time

import pytest

from support.issuer import PROJECT, Issuer, Keys, Tokens, iam_providers, iam_users, sts
from support.metrics import value
from support.process import mappings
from support.secret import Mount
from support.sidecar import run
from support.signature import Verifier
from support.upstream import accepting, verified

LOADED, FAILED = "credential loaded", "credential fetch failed"
PASSWORD, ID_TOKEN = "a-password-0123456789abcdef", "eyJhbGciOiJSUzI1NiJ9." + "id-token-0123456789" * 20
PROVIDER_URN, AGENCY_URN = "iam::shop:oidc-provider:cluster", "iam::shop:agency:apig"


@pytest.fixture
def tokens(upstream):
    """Tokens that the upstream accepts."""
    made = Tokens()
    upstream.always = accepting(made)
    return made


@pytest.fixture
def issuer(certificate):
    opened = []

    def opened_with(rule):
        opened.append(Issuer(rule, certificate))
        return opened[-1]
    yield opened_with
    for each in opened:
        each.close()


@pytest.fixture
def user(tmp_path):
    return Mount(tmp_path / "user", {"name": "apig", "password": PASSWORD + "\n", "domain": "shop"})


@pytest.fixture
def id_token(tmp_path):
    return Mount(tmp_path / "service-account", {"token": ID_TOKEN})


@pytest.fixture
def started(start, certificate):
    """A sidecar whose IAM and STS are that issuer."""
    def started(issuer, *options, project="cn-north-4"):
        sidecar = start(f"--iam={issuer.url}", f"--sts={issuer.url}", f"--iam-ca-file={certificate.certificate}",
                        f"--project-id={project}", *options, token_file=None)
        sidecar.secrets |= {PASSWORD, ID_TOKEN}
        return sidecar
    return started


def test_a_user_gets_a_token_that_every_call_sends(started, issuer, tokens, user, upstream):
    iam = issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}))
    sidecar = started(iam, f"--iam-user={user.directory}")
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    for _ in range(3):
        client.create()
    assert {request.token for request in upstream.requests} == set(tokens.issued)
    assert len(iam.requests) == 1 and iam.requests[0].path.endswith("nocatalog=true")
    sidecar.secrets |= set(tokens.issued)


def test_a_ca_that_comes_late_is_reported_and_used(start, issuer, tokens, user, certificate, tmp_path):
    iam = issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}))
    path = tmp_path / "late.pem"
    sidecar = start(f"--iam={iam.url}", f"--iam-ca-file={path}", "--project-id=p", f"--iam-user={user.directory}",
                    token_file=None)
    sidecar.secrets.add(PASSWORD)
    [line] = sidecar.wait_log(event="IAM CA rejected")
    assert line["level"] == "warning" and str(path) in line["message"]
    assert value(sidecar, "apig_sidecar_file_loads_total", file="iam_ca", result="failed") == 1
    path.write_bytes(certificate.certificate.read_bytes())
    sidecar.wait_log(event="IAM CA loaded")
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    sidecar.secrets |= set(tokens.issued)


def test_a_wrong_password_is_sent_once_until_the_files_change(started, issuer, tokens, user):
    iam = issuer(iam_users(tokens, {("apig", "shop"): "another-password"}))
    sidecar = started(iam, f"--iam-user={user.directory}")
    assert "password is wrong" in sidecar.wait_log(event=FAILED)[0]["message"]
    client = sidecar.client()
    for _ in range(10):
        assert client.refusal()[0] == "UNAVAILABLE"
    time.sleep(3)
    assert len(iam.requests) == 1
    user.swap({"name": "apig", "password": "another-password", "domain": "shop"})
    sidecar.wait_log(event=LOADED)
    client.create()
    assert len(iam.requests) == 2


def test_sighup_ends_the_pause_after_a_wrong_password(started, issuer, tokens, user):
    passwords = {("apig", "shop"): "another-password"}
    iam = issuer(iam_users(tokens, passwords))
    sidecar = started(iam, f"--iam-user={user.directory}")
    sidecar.wait_log(event=FAILED)
    passwords["apig", "shop"] = PASSWORD
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.wait_log(event=LOADED)
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.client().create()
    assert len(iam.requests) == 2, "a good token is not fetched again"


def test_a_revoked_token_is_replaced_and_no_call_fails(started, issuer, tokens, user):
    iam = issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}))
    sidecar = started(iam, f"--iam-user={user.directory}")
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    for _ in range(3):
        tokens.good.clear()
        calls = [client.start() for _ in range(100)]
        [call.result() for call in calls]
    assert len(iam.requests) == 4 and iam.most_running == 1


def test_no_call_fails_while_iam_is_down_and_the_token_is_good(started, issuer, tokens, user):
    tokens.life = 60
    iam = issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}))
    sidecar = started(iam, f"--iam-user={user.directory}")
    sidecar.wait_log(event=LOADED)
    iam.fault = (503, {"X-IAM-Trace-Id": "0"}, b"")
    client, failures, ended = sidecar.client(), [], threading.Event()

    def call():
        while not ended.is_set():
            failures.extend(filter(None, [client.start().exception()]))
    threads = [threading.Thread(target=call) for _ in range(4)]
    [thread.start() for thread in threads]
    iam.wait(4)
    iam.fault = None
    sidecar.wait_log(2, event=LOADED)
    ended.set()
    [thread.join() for thread in threads]
    assert not failures and iam.most_running == 1


def test_many_refusals_for_one_cause_are_logged_once(started, issuer, tokens, user):
    iam = issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}))
    iam.fault = lambda _: (503, {"X-IAM-Trace-Id": f"trace-{len(iam.requests)}"}, {"error": {"code": 503, "message": "busy"}})
    sidecar = started(iam, f"--iam-user={user.directory}")
    iam.wait(3)
    assert "trace-1" in sidecar.wait_log(event=FAILED)[0]["message"]
    iam.fault = None
    sidecar.wait_log(event=LOADED)
    assert len([line for line in sidecar.lines if line["event"] == FAILED]) == 1


def test_a_service_accounts_token_is_exchanged_and_read_again_for_each_fetch(started, issuer, tokens, id_token):
    current = [ID_TOKEN]
    iam = issuer(iam_providers(tokens, "cluster", lambda: current[0]))
    sidecar = started(iam, f"--oidc-token-file={id_token.directory}/token", "--oidc-provider=cluster")
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    current[0] = ID_TOKEN + "next"
    id_token.swap({"token": current[0]})
    tokens.good.clear()
    client.create()
    assert len(tokens.issued) == 2


@pytest.mark.parametrize("source", ["user", "provider"])
def test_secrets_that_were_sent_or_replaced_are_nowhere_in_the_memory(started, issuer, tokens, user, id_token, source):
    rules = {"user": iam_users(tokens, {("apig", "shop"): PASSWORD}), "provider": iam_providers(tokens, "cluster", lambda: ID_TOKEN)}
    options = {"user": [f"--iam-user={user.directory}"],
               "provider": [f"--oidc-token-file={id_token.directory}/token", "--oidc-provider=cluster"]}
    sidecar = started(issuer(rules[source]), *options[source])
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    tokens.good.clear()
    client.create()
    sidecar.wait_log(2, event=LOADED)
    old, live = tokens.issued
    memory = list(mappings(sidecar.process))
    for secret in (old, PASSWORD, ID_TOKEN):
        assert not any(secret.encode() in piece for piece in memory)
    assert any(live.encode() in piece for piece in memory), "the search finds a secret that is there"
    sidecar.secrets |= set(tokens.issued)


def test_sts_issues_a_key_for_the_project(start, issuer, upstream, certificate, id_token):
    verifier = Verifier()
    keys = Keys(verifier)
    upstream.always = verified(verifier)
    service = issuer(sts(keys, PROVIDER_URN, AGENCY_URN, lambda: ID_TOKEN))
    options = [f"--iam={service.url}", f"--sts={service.url}", f"--iam-ca-file={certificate.certificate}",
               f"--oidc-token-file={id_token.directory}/token", f"--oidc-provider={PROVIDER_URN}", f"--agency={AGENCY_URN}"]
    sidecar = start(*options, "--project-id=given", token_file=None)
    sidecar.wait_log(event=LOADED)
    sidecar.client().start(project_id="").result()
    assert upstream.requests[0].fields["x-project-id"] == "given"
    assert verifier.accepted == [keys.issued[0].access]
    assert not service.count("/v3/projects")
    sidecar.secrets |= {ID_TOKEN, keys.issued[0].secret, keys.issued[0].security_token}


@pytest.mark.parametrize("options, named", [
    (["--oidc-token-file=/t"], "--oidc-provider"), (["--oidc-provider=p"], "--oidc-token-file"),
    (["--oidc-token-file=/t", f"--oidc-provider={PROVIDER_URN}"], "--agency"),
    (["--oidc-token-file=/t", "--oidc-provider=p", f"--agency={AGENCY_URN}"], "--agency"),
    (["--iam-user=/u"], "--project-id"), (["--iam-user=/u", "--project-id=p"], "--iam"),
    (["--oidc-token-file=/t", f"--oidc-provider={PROVIDER_URN}", f"--agency={AGENCY_URN}", "--project-id=p"], "--sts"),
    (["--iam-user=/u", "--keys=/k"], "--keys"),
])
def test_options_that_do_not_go_together_are_refused_by_name(options, named):
    ended = run("serve", "--upstream=https://localhost", *options)
    assert ended.returncode == 2 and named in ended.stderr


def test_check_names_a_folder_that_is_missing_and_ends(tmp_path):
    done = run("check", "--upstream=https://127.0.0.1:1", "--iam=https://127.0.0.1:1", "--project-id=p",
               f"--iam-user={tmp_path / 'missing'}")
    assert done.returncode == 1 and f"{tmp_path / 'missing'}" in done.stdout


def test_check_makes_one_fetch_and_says_what_it_gave(issuer, tokens, user, certificate):
    iam = issuer(iam_users(tokens, {("apig", "shop"): PASSWORD}))
    options = ["--upstream=https://127.0.0.1:1", f"--iam={iam.url}", f"--iam-ca-file={certificate.certificate}",
               "--project-id=p", f"--iam-user={user.directory}"]
    done = run("check", *options)
    assert f"a token of {len(tokens.issued[0])} bytes" in done.stdout and PROJECT in done.stdout and "until " in done.stdout
    assert len(iam.requests) == 1
    user.swap({"name": "apig", "password": "wrong-password-0123456789", "domain": "shop"})
    done = run("check", *options)
    assert done.returncode == 1 and "The username or password is wrong." in done.stdout
    assert not [secret for secret in (*tokens.issued, PASSWORD, "wrong-password-0123456789") if secret in done.stdout + done.stderr]
