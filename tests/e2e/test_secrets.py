# SPDX-License-Identifier: MIT
"""Is a token that is used, was replaced or is rejected sent anywhere but to the upstream?"""
import html
import urllib.parse

import pytest

from support.secret import TOKEN, repeated
from support.sidecar import run
from support.upstream import response, response_then_end, error, http

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
    assert not [text for text in told for secret in (TOKEN, USED, REJECTED) if repeated(secret, text)]


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


def escaped(form):
    return "".join(form.format(ord(character)) for character in TOKEN[20:60])


FORMS = {
    "whole": TOKEN, "without its first character": TOKEN[1:], "24 bytes of its middle": TOKEN[40:64],
    "twice": TOKEN + TOKEN, "percent-encoded where it must be": urllib.parse.quote(TOKEN, safe=""),
    "percent-encoded throughout": escaped("%{:02x}"), "percent-encoded twice": urllib.parse.quote(urllib.parse.quote(TOKEN, safe="")),
    "HTML": html.escape(TOKEN).replace("/", "&sol;").replace("+", "&plus;"), "HTML in numbers": escaped("&#{:d};"),
    "HTML in hexadecimal": escaped("&#x{:x};"), "JSON in JSON": escaped("\\u{:04x}"), "a slash with a backslash": TOKEN.replace("/", "\\/"),
    "every other character": "".join(f"%{ord(c):02X}" if at % 2 else c for at, c in enumerate(TOKEN)),
}
PLACES = {
    "message": lambda form: error(400, "APIG.2011", f"Incorrect token {form}, try another"),
    "parameter": lambda form: error(400, "APIG.2011", f"Invalid parameter value,parameterName:{form}."),
    "wrapped": lambda form: http(401, {"error": {"code": form, "message": form}}),
    "body in a body": lambda form: http(400, {"error_msg": '{"error_code":"%s","error_msg":"%s"}' % (form, form)}),
    "success": lambda form: http(201, {"error_code": "APIG.2011", "error_msg": form}),
    "unreadable": lambda form: http(201, {"id": "1", "name": {form: form}, "status": form}),
    "fields": lambda form: http(302, {"error_code": form[:32], "error_msg": form[30:], "request_id": form[20:84]},
                                [f"X-Request-Id: {form}", f"Location: https://{form}/{form}"]),
    "malformed": lambda form: b"HTTP/1.1 400 " + form.encode() + b"\r\n" + form.encode() + b": \x01\r\n\r\n",
}


def heard(call):
    call.exception()
    return [call.details() or ""] + [value.decode("latin-1") if isinstance(value, bytes) else value
                                     for _, value in call.trailing_metadata()]


@pytest.mark.parametrize("place", PLACES)
def test_no_piece_of_a_repeated_token_reaches_status_details_or_log(sidecar, client, upstream, place):
    answer = response_then_end if place == "malformed" else response
    upstream.script(*[answer(PLACES[place](form)) for form in FORMS.values()])
    for name, form in FORMS.items():
        told = [text for text in heard(client.start()) if repeated(TOKEN, text)]
        assert not told, f"{name}: {told}"
    sidecar.wait_log(len(FORMS), event="call")  # of which no line may repeat it, as every test expects
