# SPDX-License-Identifier: MIT
"""Is the credential of a source exchanged for the key of an agency, and is that key renewed?"""
import signal

import pytest

from support.issuer import PROJECT, Issuer, Keys, agencies, metadata
from support.metrics import value
from support.process import mappings
from support.secret import Mount, TokenFile
from support.sidecar import run
from support.signature import Key, Verifier
from support.upstream import verified

LOADED, FAILED = "credential loaded", "credential fetch failed"
KEY = Key("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
WRONG = Key(KEY.access, "w" + KEY.secret[1:])
TOKEN = "MIIEagency-" + "q7Zk" * 30
NAME, DOMAIN, URN = "apig", "shop", "iam::shop:agency:apig"
BY_NAME, BY_URN = [f"--agency={NAME}", f"--agency-domain={DOMAIN}"], [f"--agency={URN}"]


@pytest.fixture
def keys(upstream):
    """Keys of the agency, which alone the upstream accepts."""
    verifier = Verifier()
    upstream.always = verified(verifier)
    return Keys(verifier)


@pytest.fixture
def mounted(tmp_path):
    return Mount(tmp_path / "keys", KEY.files)


@pytest.fixture
def issuers():
    opened = []

    def opened_with(rule, certificate=None):
        opened.append(Issuer(rule, certificate))
        return opened[-1]
    yield opened_with
    for each in opened:
        each.close()


@pytest.fixture
def started(start, certificate, keys):
    sidecars = []

    def started(iam, *options):
        sidecars.append(start(f"--iam={iam.url}", f"--sts={iam.url}", f"--iam-ca-file={certificate.certificate}",
                              f"--project-id={PROJECT}", *options, token_file=None))
        return sidecars[-1]
    yield started
    for sidecar in sidecars:
        sidecar.secrets |= {KEY.secret, WRONG.secret, TOKEN}
        sidecar.secrets |= {secret for key in keys.issued for secret in (key.secret, key.security_token)}


def signed_with(*known, skew=0):
    verifier = Verifier(*known, skew=skew)
    return lambda request, fields: verifier.refusal(request.method, request.path, fields, request.body)


@pytest.mark.parametrize("agency", [BY_NAME, BY_URN], ids=["name", "URN"])
def test_a_mounted_key_assumes_an_agency(started, issuers, certificate, keys, mounted, agency):
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY)), certificate)
    sidecar = started(iam, f"--keys={mounted.directory}", *agency)
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    assert keys.verifier.accepted == [keys.issued[0].access]
    assert len(iam.requests) == 1


def test_a_nodes_key_assumes_an_agency(started, issuers, certificate, keys):
    nodes = Keys(Verifier())
    node = issuers(metadata(nodes))
    iam = issuers(agencies(keys, NAME, DOMAIN, lambda request, fields: nodes.verifier.refusal(
        request.method, request.path, fields, request.body)), certificate)
    sidecar = started(iam, "--metadata", f"--metadata-url={node.url}", *BY_URN)
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    assert keys.verifier.accepted == [keys.issued[0].access]
    sidecar.secrets |= {nodes.issued[0].secret, nodes.issued[0].security_token}


def test_a_token_assumes_an_agency_by_its_name(started, issuers, certificate, keys, tmp_path):
    iam = issuers(agencies(keys, NAME, DOMAIN, lambda request, fields: None if fields.get("x-auth-token") == TOKEN else "no"),
                  certificate)
    sidecar = started(iam, f"--token-file={TokenFile(tmp_path / 'a-token', TOKEN).path}", *BY_NAME)
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    assert keys.verifier.accepted == [keys.issued[0].access]


def test_the_project_of_an_agency_is_that_of_the_regions_name(issuers, certificate, keys, mounted):
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY)), certificate)
    done = run("check", "--region=cn-north-4", f"--iam={iam.url}", f"--sts={iam.url}",
               f"--iam-ca-file={certificate.certificate}", f"--keys={mounted.directory}", *BY_URN)
    assert f"of project {PROJECT}" in done.stdout, done.stdout
    assert iam.requests[-1].path == "/v3/projects?name=cn-north-4"


def test_a_wrong_key_is_tried_once_until_its_file_changes(started, issuers, certificate, keys, mounted):
    mounted.swap(WRONG.files)
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY)), certificate)
    sidecar = started(iam, f"--keys={mounted.directory}", *BY_NAME)
    assert "verify aksk signature fail" in sidecar.wait_log(event=FAILED)[0]["message"]
    assert "next fetch is in 1800" in sidecar.wait_log(event=FAILED)[0]["message"]
    assert sidecar.client().refusal()[0] == "UNAVAILABLE"
    mounted.swap(KEY.files)
    sidecar.wait_log(event=LOADED)
    assert len(iam.requests) == 2
    sidecar.client().create()


@pytest.mark.parametrize("skew", [3600, -3600], ids=["ahead", "behind"])
def test_a_clock_that_is_an_hour_off_does_not_stop_a_mounted_key(started, issuers, certificate, keys, mounted, skew):
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY, skew=skew)), certificate)
    iam.skew = keys.verifier.skew = skew
    keys.life = 3600 + max(skew, 0)
    sidecar = started(iam, f"--keys={mounted.directory}", *BY_URN)
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()
    assert len(iam.requests) == 2 and not any(keys.verifier.failures.values())


def test_a_revoked_key_of_an_agency_is_replaced_within_the_call(started, issuers, certificate, keys, mounted):
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY)), certificate)
    sidecar = started(iam, f"--keys={mounted.directory}", *BY_NAME)
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    keys.verifier.keys.clear()
    client.create()
    assert keys.verifier.accepted == [key.access for key in keys.issued[:2]]


def test_a_key_of_an_agency_that_was_replaced_and_the_mounted_one_are_nowhere_in_the_memory(
        started, issuers, certificate, keys, mounted):
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY)), certificate)
    sidecar = started(iam, f"--keys={mounted.directory}", *BY_NAME)
    sidecar.wait_log(event=LOADED)
    client = sidecar.client()
    client.create()
    keys.verifier.keys.clear()
    client.create()
    sidecar.wait_log(2, event=LOADED)
    old, live = keys.issued
    memory = list(mappings(sidecar.process))
    for secret in (old.secret, old.security_token, KEY.secret):
        assert not any(secret.encode() in piece for piece in memory)
    assert any(live.secret.encode() in piece for piece in memory), "the search finds a secret that is there"


def test_sighup_reads_the_ca_of_iam_and_sts_again_and_reports_it_once(start, issuers, certificate, keys, mounted):
    iam = issuers(agencies(keys, NAME, DOMAIN, signed_with(KEY)), certificate)
    sidecar = start("--region=cn-north-4", f"--iam={iam.url}", f"--sts={iam.url}", f"--iam-ca-file={certificate.certificate}",
                    f"--keys={mounted.directory}", *BY_URN, upstream=None, token_file=None)
    sidecar.secrets.add(KEY.secret)
    sidecar.wait_log(event=LOADED)
    seen = len(sidecar.lines)
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.wait_log(event="IAM CA loaded", since=seen)
    assert value(sidecar, "apig_sidecar_file_loads_total", file="iam_ca", result="ok") == 2
    assert {request.path.partition("?")[0] for request in iam.requests} >= {"/v3/projects"}


@pytest.mark.parametrize("options, named", [
    ([f"--agency={NAME}", "--keys=/k"], "--agency-domain"),
    ([f"--agency={URN}", f"--agency-domain={DOMAIN}", "--keys=/k"], "--agency-domain"),
    ([f"--agency-domain={DOMAIN}", "--keys=/k"], "--agency"),
    ([f"--agency={URN}", "--iam-user=/u"], "--agency"),
    ([f"--agency={URN}"], "--agency"),
    ([f"--agency={URN}", "--keys=/k", "--project-id=p"], "--sts"),
    ([*BY_NAME, "--keys=/k", "--project-id=p"], "--iam"),
    ([*BY_NAME, "--keys=/k", "--region=cn-north-4", "--credential-lifetime=10m"], "--credential-lifetime"),
], ids=range(8))
def test_options_that_do_not_fit_are_named(options, named):
    done = run("serve", "--upstream=https://localhost:1", *options)
    assert done.returncode == 2 and named in done.stderr
