# SPDX-License-Identifier: MIT
"""With an access key: is each request signed as it is sent, and is a key that is refused left alone?"""
import json
import subprocess
import time

import pytest

from support.client import IDS, details
from support.metrics import value
from support.process import mappings
from support.secret import Mount, repeated
from support.sidecar import run
from support.signature import AUTHORIZATION, SIGNED, Key, Verifier, canonical_request, signature
from support.toolchain import ROOT, python_with
from support.upstream import GROUP, end_after_reading, http, response, silence, verified

KEY = Key("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
NEXT = Key("HSTATEMPORARYKEY0001", "n5jV0TgJxQ1sWfYb8LhKzR3mEaPcUoDi7Xv2Gt6N", "gQpjbi1ub3J0aC00i" + "0123456789abcdefZ/+=" * 60)
WRONG = Key(KEY.access, "w" + KEY.secret[1:])
LOADED = "credential loaded"
UNSEEN = [*(key.secret for key in (KEY, NEXT, WRONG)), NEXT.security_token]


@pytest.fixture
def keys(tmp_path):
    return Mount(tmp_path / "keys", KEY.files)


@pytest.fixture
def started(start, keys):
    """A sidecar with --keys, whose log must not contain a secret."""
    def started(*options, path=keys.directory, **more):
        sidecar = start(f"--keys={path}", *options, token_file=None, **more)
        sidecar.secrets.update(UNSEEN)
        return sidecar
    return started


@pytest.fixture
def verifier(upstream):
    """The upstream accepts what is signed with one of its keys."""
    made = Verifier(KEY, NEXT)
    upstream.always = verified(made)
    return made


def test_the_verifier_agrees_with_the_vendors_signers():
    vectors = ROOT / "tests/unit/credential/data/signatures.json"
    for vector in json.loads(vectors.read_text())["vectors"]:
        fields = {name.lower(): value for name, value in vector["fields"].items()}
        fields |= {"host": vector["host"], "content-type": vector["content_type"]}
        _, names, expected = AUTHORIZATION.fullmatch(fields["authorization"]).groups()
        canonical = canonical_request(vector["method"], vector["target"], fields, vector["body"].encode(), names.split(";"))
        assert signature(vector["sk"], vector["date"], canonical) == expected, vector["name"]


def test_a_create_is_signed_with_its_own_project(started, upstream, verifier):
    client = started("--project-id=the-default-project").client()
    assert client.create()["id"] == GROUP["id"]
    client.start(project_id="").result()
    first, second = upstream.requests
    assert first.fields["x-project-id"] == IDS["project_id"]
    assert second.fields["x-project-id"] == "the-default-project"
    assert "x-auth-token" not in first.fields
    assert verifier.accepted == [KEY.access] * 2


def test_a_signature_covers_nothing_that_a_proxy_rewrites(started, upstream, verifier):
    started().client().start(metadata=[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]).result()
    signed = AUTHORIZATION.fullmatch(upstream.requests[0].fields["authorization"])[2]
    assert signed == "content-type;host;x-project-id;x-sdk-date"


def test_a_temporary_key_from_a_file_of_the_sdks(started, upstream, verifier, tmp_path):
    path = tmp_path / "credentials"
    path.write_text(f"[basic]\nak = {NEXT.access}\nsk = {NEXT.secret}\nsecurity_token = {NEXT.security_token}\n")
    started(path=path).client().create()
    assert upstream.requests[0].fields["x-security-token"] == NEXT.security_token
    assert verifier.accepted == [NEXT.access]


@pytest.mark.parametrize("name", ["接口分组", "a/b-(c)", "a:b、c"])
def test_a_look_up_is_signed_over_its_sorted_query(started, upstream, name):
    verifier = Verifier(KEY)

    def look_up(connection):
        request = connection.read()
        assert not verifier.refusal(request.method, request.target, request.fields, request.body)
        connection.send(http(200, {"size": 1, "total": 1, "groups": [{**GROUP, "name": name}]}))
        return True
    upstream.script(end_after_reading(), look_up)
    started("--recover-lost-creates").client().start(name).exception()
    assert upstream.requests[1].method == "GET" and "name=" in upstream.requests[1].target
    assert verifier.accepted == [KEY.access]


def test_each_attempt_is_signed_anew(started, upstream, keys):
    verifier = Verifier(KEY, NEXT)
    upstream.script(response(http(503, {}, ["Retry-After: 1"])), verified(verifier))
    sidecar = started()
    call = sidecar.client().start()
    upstream.wait_requests(1)
    keys.swap(NEXT.files)
    sidecar.wait_log(2, event=LOADED)
    call.result()
    assert verifier.accepted == [NEXT.access]


def test_a_key_that_is_replaced_never_mixes_with_the_next(started, upstream, verifier, keys):
    sidecar = started()
    client = sidecar.client()
    client.create()
    for number in range(20):
        calls = [client.start() for _ in range(50)]
        keys.swap((NEXT if number % 2 == 0 else KEY).files)
        [call.result() for call in calls]
    sidecar.wait_log(2, event=LOADED)
    assert not any(verifier.failures.values())
    assert set(verifier.accepted) == {KEY.access, NEXT.access}


def test_without_keys_calls_are_unavailable_until_they_appear(started, upstream, verifier, tmp_path):
    sidecar = started(path=tmp_path / "later")
    code, message = sidecar.client().refusal()
    assert code == "UNAVAILABLE" and "--keys" in message
    assert not upstream.requests
    Mount(tmp_path / "later", KEY.files)
    sidecar.wait_log(event=LOADED)
    sidecar.client().create()


@pytest.mark.parametrize("ours", [3600, -3600], ids=["an hour late", "an hour early"])
def test_a_clock_that_is_an_hour_off_fails_no_call(started, upstream, ours):
    verifier = Verifier(KEY, skew=ours)
    upstream.always = verified(verifier)
    client = started().client()
    for _ in range(20):
        client.create()
    assert len(upstream.requests) == 21, "the first call is signed again, the others are right at once"
    assert verifier.failures == {KEY.access: 0}


def test_a_clock_that_is_set_right_is_followed(started, upstream):
    verifier = Verifier(KEY, skew=3600)
    upstream.always = verified(verifier)
    client = started().client()
    client.create()
    verifier.skew = 0
    for _ in range(3):
        client.create()
    assert len(upstream.requests) <= 2 + 3 + 1


def test_a_wrong_secret_is_tried_once_by_a_hundred_calls_and_the_right_one_is_used_at_once(started, upstream, verifier, keys):
    keys.swap(WRONG.files)
    sidecar = started()
    client = sidecar.client()
    calls = [client.start() for _ in range(100)]
    assert {call.exception().code().name for call in calls} == {"UNAVAILABLE"}
    assert len(upstream.requests) == 1
    for _ in range(20):
        call = client.start()
        assert call.exception().code().name == "UNAVAILABLE"
        assert details(call)["ErrorInfo"].reason == "NO_CREDENTIAL"
    assert len(upstream.requests) == 1
    begin = time.monotonic()
    keys.swap(KEY.files)
    while client.start().exception():
        assert time.monotonic() - begin < 2
        time.sleep(0.02)
    assert verifier.accepted


def test_a_key_that_turns_wrong_is_refused_at_most_as_often_as_calls_were_under_way(started, upstream, verifier):
    client = started().client()
    client.create()
    verifier.keys = []
    for _ in range(50):
        assert client.refusal()[0] == "UNAVAILABLE"
    assert len(upstream.requests) == 2
    assert not verifier.locked


def test_an_unconfirmed_key_delays_calls_and_fails_none(started, upstream, verifier):
    client = started().client()
    calls = [client.start() for _ in range(100)]
    [call.result() for call in calls]
    assert len(upstream.requests) == 100


def test_a_call_that_hangs_does_not_keep_an_unconfirmed_key_from_others(started, upstream, verifier):
    upstream.script(silence())
    client = started().client()
    hung = client.start(timeout=30)
    upstream.wait_requests(1)
    calls = [client.start(timeout=10) for _ in range(20)]
    [call.result() for call in calls]
    hung.cancel()


def test_the_vendors_words_about_a_bad_signature_reach_nobody_with_what_was_signed(started, upstream, keys):
    verifier = Verifier(Key(NEXT.access, "x" + NEXT.secret[1:], NEXT.security_token))
    upstream.always = verified(verifier)
    keys.swap(NEXT.files)
    sidecar = started("--log-level=debug")
    call = sidecar.client().start()
    call.exception()
    told = [call.details(), str(call.trailing_metadata()), *(sidecar.ask(path, port=port)[1] for port, path in (
        ("admin", "/config"), ("monitor", "/metrics"), ("monitor", "/readyz?verbose")))]
    sidecar.stop()
    told += [json.dumps(line, ensure_ascii=False) for line in sidecar.lines]
    signed = AUTHORIZATION.fullmatch(upstream.requests[0].fields["authorization"])[3]
    assert not [text for text in told for secret in (*UNSEEN, signed) if repeated(secret, text)]
    assert not [text for text in told if "x-security-token" in text]


@pytest.mark.parametrize("status, body", [
    (400, '{"error_code": "APIG.2011", "error_msg": "SIGNATURE is in the request"}'), (500, "SIGNATURE"), (201, "[SIGNATURE"),
    (201, '{"id": "g", "SIGNATURE": 1, "SIGNATURE": 2}'), (201, "["), (201, '{"id": "g", "name": "n"}'), (500, ""), (201, '{"id": "g", "name": "n", "url_domains": [{"id": {"SIGNATURE": 1}}]}')])
def test_a_signature_that_a_response_repeats_reaches_nobody(started, upstream, status, body):
    def repeating(request):
        signed = AUTHORIZATION.fullmatch(request.fields["authorization"])[3]
        return http(status, body.replace("SIGNATURE", signed).encode(), [f"X-Request-Id: {signed}"])
    upstream.always = response(repeating)
    sidecar = started("--log-level=debug")
    call = sidecar.client().start()
    call.exception()
    told = [call.details() or "", str(call.trailing_metadata())]
    sidecar.stop()
    told += [json.dumps(line, ensure_ascii=False) for line in sidecar.lines]
    signed = AUTHORIZATION.fullmatch(upstream.requests[0].fields["authorization"])[3]
    assert not [text for text in told if repeated(signed, text)]


def test_a_signature_is_not_left_in_memory(started, upstream, verifier):
    sidecar = started()
    client = sidecar.client()
    for _ in range(3):
        client.create()
    signed = [AUTHORIZATION.fullmatch(request.fields["authorization"])[3] for request in upstream.requests]
    assert not [one for one in signed if in_memory(sidecar.process, one)]


def test_a_replaced_secret_is_not_left_in_memory(started, upstream, verifier, keys):
    sidecar = started()
    client = sidecar.client()
    client.create()
    assert in_memory(sidecar.process, KEY.secret)
    keys.swap(NEXT.files)
    sidecar.wait_log(2, event=LOADED)
    client.create()
    assert in_memory(sidecar.process, NEXT.secret)
    assert not in_memory(sidecar.process, KEY.secret)


def in_memory(process, secret):
    return any(secret.encode() in mapping for mapping in mappings(process))


@pytest.mark.parametrize("skew", [3600, -3600])
def test_metrics_show_a_refused_key_and_the_clock(started, upstream, verifier, keys, skew):
    verifier.skew = skew
    sidecar = started()
    client = sidecar.client()
    client.create()
    assert abs(value(sidecar, "apig_sidecar_clock_offset_seconds") - skew) < 60
    assert value(sidecar, "apig_sidecar_credential_refusals_total", verdict="clock") == 1
    assert abs(time.time() - value(sidecar, "apig_sidecar_credential_timestamp_seconds", kind="key")) < 120
    verifier.keys = []  # the key does not exist any more
    client.refusal()
    assert value(sidecar, "apig_sidecar_credential_refusals_total", verdict="renew") == 1


def test_two_sources_are_refused_and_both_are_named(tmp_path):
    ended = run("serve", "--upstream=https://localhost", f"--keys={tmp_path}", f"--token-file={tmp_path / 'token'}")
    assert ended.returncode == 2
    assert "--keys" in ended.stderr and "--token-file" in ended.stderr


def test_check_describes_the_key_and_masks_it(upstream, keys):
    ended = run("check", f"--upstream={upstream.url}", f"--upstream-ca-file={upstream.certificate.certificate}",
                f"--keys={keys.directory}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert KEY.access[:4] in ended.stdout and KEY.access not in ended.stdout
    assert not repeated(KEY.secret, ended.stdout + ended.stderr)


def test_check_says_what_is_wrong_with_the_keys(upstream, keys):
    keys.swap({"ak": KEY.access})
    ended = run("check", f"--upstream={upstream.url}", f"--keys={keys.directory}")
    assert ended.returncode == 1
    assert f"keys {keys.directory}: sk: No such file" in ended.stdout + ended.stderr


@pytest.fixture(scope="session")
def vendor():
    """A Python that has the vendor's SDK."""
    try:
        return python_with(ROOT / "tests/e2e/requirements.txt", ROOT / "build/e2e/python")
    except AssertionError as failed:
        pytest.skip(f"the vendor's SDK cannot be installed here: {failed}")


def test_the_vendors_own_signer_makes_the_same_signatures(started, upstream, vendor):
    names = ["接口分组", "a/b-(c)", "plain", "a:b、c"]
    upstream.always = response()
    client = started("--recover-lost-creates").client()
    for name in names:
        upstream.script(end_after_reading(), response(http(200, {"size": 0, "total": 0, "groups": []})))
        client.start(name).exception()
    requests = list(upstream.requests)
    assert {request.method for request in requests} == {"POST", "GET"}
    asked = [{"ak": KEY.access, "sk": KEY.secret, "method": request.method, "target": request.target, "body": request.body.decode(),
              "fields": {name: request.fields[name] for name in request.fields.keys() & SIGNED}} for request in requests]
    ended = subprocess.run([vendor, ROOT / "tests/support/vendor_signer.py"], input=json.dumps(asked), check=True,
                           capture_output=True, text=True)
    assert json.loads(ended.stdout) == [request.fields["authorization"] for request in requests]
