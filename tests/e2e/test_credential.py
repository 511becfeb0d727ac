# SPDX-License-Identifier: MIT
"""Does each request have the mounted token, and is the token nowhere but in X-Auth-Token?"""
import os
import pathlib
import time

import pytest

from support.process import looking, mappings
from support.retrying import wait_until
from support.secret import TOKEN, MountedSecret, TokenFile
from support.upstream import response, http, error, late

NEXT = "MIIEnext-" + "fedcba9876543210" * 8
LOADED, REJECTED = "credential loaded", "credential rejected"


@pytest.fixture
def started(start, token):
    """A sidecar whose log must not contain any of the tokens."""
    def started(*options, **more):
        sidecar = start(*options, **more)
        sidecar.secrets.add(NEXT)
        return sidecar
    return started


def token_of_next_call(upstream, client):
    before = len(upstream.requests)
    upstream.script(response())
    client.create()
    return upstream.requests[before].token


def wait_loaded(sidecar, count):
    """Waits until the file was read for the count-th time; call it after each change of a file."""
    sidecar.wait_log(count, event=LOADED)


def test_a_mounted_secret_that_kubelet_swaps_is_used_at_once(started, upstream, tmp_path):
    secret = MountedSecret(tmp_path / "secret")
    sidecar = started(token_file=secret.path)
    client = sidecar.client()
    assert token_of_next_call(upstream, client) == TOKEN
    for number in range(3):
        token = f"{NEXT}{number}"
        secret.write(token)
        wait_loaded(sidecar, number + 2)
        assert token_of_next_call(upstream, client) == token


def use_one_after_the_other(sidecar, upstream, token):
    client = sidecar.client()
    assert token_of_next_call(upstream, client) == TOKEN
    token.write(NEXT)
    wait_loaded(sidecar, 2)
    assert token_of_next_call(upstream, client) == NEXT


def test_a_file_rewritten_in_place_is_used(started, upstream, token):
    use_one_after_the_other(started(), upstream, token)


def test_a_file_that_another_one_replaces_is_used(started, upstream, token, tmp_path):
    sidecar = started()
    client = sidecar.client()
    os.replace(TokenFile(tmp_path / "fresh", NEXT).path, token.path)
    wait_loaded(sidecar, 2)
    assert token_of_next_call(upstream, client) == NEXT


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_file_behind_a_link_into_another_folder_is_used_within_a_second_of_its_rewrite(started, upstream, tmp_path, link):
    secret = TokenFile(tmp_path / "elsewhere" / "token", None)
    secret.path.parent.mkdir()
    secret.write(TOKEN)
    path = tmp_path / "link"
    path.symlink_to(secret.path if link == "file" else "elsewhere")
    sidecar = started(token_file=path if link == "file" else path / "token")
    begin = time.monotonic()
    secret.write(NEXT)
    wait_loaded(sidecar, 2)
    assert time.monotonic() - begin < 1
    assert token_of_next_call(upstream, sidecar.client()) == NEXT


@pytest.mark.parametrize("folder", ["", "later"], ids=["file", "folder"])
def test_without_a_token_calls_are_unavailable_until_the_file_appears(started, upstream, tmp_path, folder):
    path = tmp_path / folder / "late-token"
    sidecar = started(token_file=path)
    client = sidecar.client()
    code, message = client.refusal()
    assert code == "UNAVAILABLE"
    assert "token" in message
    assert not upstream.requests
    path.parent.mkdir(exist_ok=True)
    path.write_text(TOKEN)
    wait_loaded(sidecar, 1)
    assert token_of_next_call(upstream, client) == TOKEN


def test_a_removed_file_keeps_the_last_good_token(started, upstream, token):
    sidecar = started()
    token.remove()
    sidecar.wait_log(event=REJECTED)
    assert token_of_next_call(upstream, sidecar.client()) == TOKEN


@pytest.mark.parametrize("bad", [b"", b"\n", b"to\nken", b"to\x00ken", b"to\x7fken", b"t" * 32769, b"t\xc3\xb6ken"],
                         ids=["empty", "only a newline", "newline", "NUL", "DEL", "too large", "not ASCII"])
def test_a_bad_file_keeps_the_last_good_token_and_says_so(started, upstream, token, bad):
    sidecar = started()
    token.write(bad)
    sidecar.wait_log(event=REJECTED)
    assert token_of_next_call(upstream, sidecar.client()) == TOKEN


@pytest.mark.parametrize("bad", [b"", b"to\nken", b"t" * 32769], ids=["empty", "newline", "too large"])
def test_a_bad_file_at_the_start_leaves_calls_unavailable(started, upstream, token, bad):
    token.write(bad)
    assert started().client().refusal()[0] == "UNAVAILABLE"
    assert not upstream.requests


def test_one_newline_at_the_end_is_trimmed(started, upstream, token):
    token.write(TOKEN + "\n")
    assert token_of_next_call(upstream, started().client()) == TOKEN


@pytest.mark.parametrize("code", ["APIG.1001", "APIGW.0307", "APIG.1000"])
def test_a_refused_token_is_read_again_and_sent_once_more_when_it_changed(started, upstream, token, code):
    client = started().client()

    def rotate(connection):
        connection.read()
        token.write(NEXT)
        connection.send(error(401, code))
        return True
    upstream.script(rotate, response())
    client.create()
    assert [request.token for request in upstream.requests] == [TOKEN, NEXT]
    assert upstream.requests[0].body == upstream.requests[1].body


def test_an_attempt_is_signed_when_it_is_sent_and_not_before_its_delay(started, upstream, token):
    sidecar = started()
    upstream.script(response(http(503, {}, ["Retry-After: 1"])), response())
    call = sidecar.client().start()
    upstream.wait_requests(1)
    token.write(NEXT)
    wait_loaded(sidecar, 2)
    assert len(upstream.requests) == 1, "the delay was over before the token was replaced"
    assert call.result()
    assert [request.token for request in upstream.requests] == [TOKEN, NEXT]


def test_a_refused_token_that_did_not_change_is_not_sent_again(started, upstream):
    upstream.script(response(error(401, "APIG.1002")))
    assert started().client().refusal()[0] == "UNAVAILABLE"
    assert len(upstream.requests) == 1


def test_a_second_refusal_is_the_end(started, upstream, token):
    client = started().client()

    def rotate(connection):
        connection.read()
        token.write(NEXT)
        connection.send(error(401, "APIG.1002"))
        return True
    upstream.script(rotate, response(error(401, "APIG.1002")))
    assert client.refusal()[0] == "UNAVAILABLE"
    assert len(upstream.requests) == 2


def test_a_token_that_is_replaced_while_a_call_is_under_way_does_not_disturb_it(started, upstream, token):
    sidecar = started()
    client = sidecar.client()
    step = late()
    upstream.script(step)
    call = client.start()
    upstream.wait_requests(1)
    token.write(NEXT)
    wait_loaded(sidecar, 2)
    step.go.set()
    call.result()
    assert upstream.requests[0].token == TOKEN


def test_the_memory_that_can_be_seen_from_outside_holds_no_token(started, token):
    sidecar = started()
    seen = [looking(pathlib.Path(f"/proc/{sidecar.process.pid}/{name}").read_bytes) for name in ("cmdline", "environ")]
    assert TOKEN.encode() not in b"".join(seen)


def copies_of(secret, process):
    return sum(piece.count(secret.encode()) for piece in mappings(process))


def test_calls_under_way_hold_no_copy_of_the_token(started, upstream, token):
    sidecar = started()
    client = sidecar.client()
    wait_loaded(sidecar, 1)
    idle = copies_of(TOKEN, sidecar.process)
    assert idle, "the search finds a secret that is there"
    steps = [late() for _ in range(4)]
    upstream.script(*steps)
    calls = [client.start() for _ in steps]
    upstream.wait_requests(len(steps))
    wait_until(lambda: copies_of(TOKEN, sidecar.process) == idle)
    for step in steps:
        step.go.set()
    assert all(call.result() for call in calls)


def test_a_token_that_was_replaced_is_nowhere_in_the_memory(started, upstream, token):
    sidecar = started()
    use_one_after_the_other(sidecar, upstream, token)
    assert copies_of(NEXT, sidecar.process)
    wait_until(lambda: not copies_of(TOKEN, sidecar.process))
