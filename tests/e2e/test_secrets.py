# SPDX-License-Identifier: MIT
"""Is a token that is used, was replaced or is rejected sent anywhere but to the upstream?"""
import pytest

from support.secret import TOKEN
from support.sidecar import run
from support.upstream import response, error, http

USED, REJECTED = "MIIEused-" + "fedcba9876543210" * 8, "MIIErejected " + "0f1e2d3c4b5a6978" * 8
PAGES = [("admin", "GET", "/config", None), ("admin", "PUT", "/log-level", "debug"), ("monitor", "GET", "/metrics", None),
         ("monitor", "GET", "/readyz?verbose", None), ("monitor", "GET", "/livez?verbose", None),
         ("monitor", "GET", "/startupz?verbose", None)]


def live_through(sidecar, client, upstream, token):
    """Does everything that involves tokens; returns all that the caller receives."""
    heard = []
    for reply in (response(), response(error(401, "APIG.1002", f"Incorrect token {TOKEN}")),
                  response(http(201, b"{" + TOKEN.encode())), response(error(500, TOKEN[:60], TOKEN))):
        upstream.script(reply)
        heard.append(client.start(metadata=[("x-auth-token", "callers-own")]))
        heard[-1].exception()
    token.write(USED)
    sidecar.wait_log(2, event="credential loaded")
    upstream.script(response(), response(error(400, "APIG.2011", f"no good: {USED}")))
    heard += [client.start(), client.start()]
    [call.exception() for call in heard]
    token.write(REJECTED)
    sidecar.wait_log(event="credential rejected")
    upstream.script(response())
    heard.append(client.start())
    heard[-1].exception()
    return [str((call.code(), call.details(), call.initial_metadata(), call.trailing_metadata())) for call in heard]


def test_no_token_is_in_log_metrics_probes_configuration_or_status(start, upstream, token):
    sidecar = start("--log-level=debug")
    told = live_through(sidecar, sidecar.client(), upstream, token)
    told += [sidecar.ask(path, method, body, port)[1] for port, method, path, body in PAGES]
    sidecar.stop()
    told += [str(line) for line in sidecar.lines]
    assert len(told) > 20
    assert not [text for text in told for secret in (TOKEN, USED, REJECTED) if secret in text or secret[8:70] in text]


@pytest.mark.parametrize("content", [TOKEN, REJECTED, TOKEN + "\n\n" + USED], ids=["good", "bad", "two"])
def test_check_prints_no_token(upstream, token, content):
    token.write(content)
    ended = run("check", f"--upstream={upstream.url}", f"--token-file={token.path}")
    told = ended.stdout + ended.stderr
    assert str(token.path) in told
    assert not [secret for secret in (TOKEN, USED, REJECTED) if secret[8:70] in told]


@pytest.mark.parametrize("option", [
    "--upstream=https://user:callers-secret@localhost", "--upstream-proxy=http://user:callers-secret@localhost:1",
])
def test_options_that_would_hold_a_secret_are_refused(option):
    ended = run("serve", "--upstream=https://localhost", option)
    assert ended.returncode == 2 and option.partition("=")[0] in ended.stderr
    assert "callers-secret" not in ended.stderr
