# SPDX-License-Identifier: MIT
"""Does each failure of the sidecar itself have its reason, its delay and its metadata?"""
import threading
from email.utils import formatdate

import grpc
import pytest

from support import api
from support.client import details
from support.upstream import response, response_then_end, end_after_reading, error, http, silence

SET = """syntax = "proto3";
package test.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
service Things {
  rpc Fill(Whole) returns (Part) { option (google.api.http) = { post: "/v1/fill" body: "*" }; }
  rpc Label(Part) returns (Labels) { option (google.api.http) = { post: "/v1/label" body: "*" }; }
}
message Whole { repeated Part parts = 1; }
message Part { string id = 1; }
message Labels { map<string, int32> labels = 1 [(buf.validate.field).map.values.int32.gt = 0]; }
"""


class Scene:
    """The values of the fixtures, in one object."""

    def __init__(self, start, upstream, token, folder):
        self.start, self.upstream, self.token, self.folder = start, upstream, token, folder

    def create(self, *options, script=(), **how):
        """Starts a create without a deadline, so that only the sidecar can end it."""
        self.upstream.script(*script)
        return self.start(*options).client().start(**{"timeout": None, **how})

    def hang(self):
        """Makes connections hang before TLS; the returned event is set when one has come."""
        came = threading.Event()

        def greet(connection):
            connection.socket.recv(1 << 20)
            came.set()
            connection.wait_end()
        self.upstream.greet(*[greet] * 4)
        return came


def drain(scene, begun, **how):
    sidecar = scene.start("--drain-timeout=100ms")
    call = sidecar.client().start(timeout=None, **how)
    begun()
    sidecar.signal()
    return call


def too_many_calls(scene):
    client = scene.start("--max-in-flight=1").client()
    scene.upstream.script(silence())
    first = client.start()
    scene.upstream.wait_requests(1)
    second = client.start()
    assert second.exception()
    first.cancel()
    return second


def no_credential(scene):
    scene.token.remove()
    return scene.create()


def hanging_handshake(scene):
    scene.hang()
    return scene.create("--deadline=300ms")


def drained_before_sending(scene):
    came = scene.hang()
    return drain(scene, lambda: came.wait(60))


def drained_after_sending(scene):
    scene.upstream.script(silence())
    return drain(scene, lambda: scene.upstream.wait_requests(1))


def with_set(folder):
    (folder / "set.proto").write_text(SET)
    (folder / "set.binpb").write_bytes(api.compile_set(["set.proto"], [folder]))
    return f"--descriptor-set={folder / 'set.binpb'}"


def message_that_takes_much_memory(scene):
    return scene.start(with_set(scene.folder), "--max-message=1MiB").client().unary("/test.v1.Things/Fill", b"\x0a\0" * 500_000)


def listing(*groups):
    return response(http(200, {"size": len(groups), "total": len(groups), "groups": groups}, [f"Date: {formatdate(usegmt=True)}"]))


OLD = {"id": "7", "name": "api_group_001", "register_time": "2020-07-31T06:55:55.5Z"}
GZIP = {"compression": grpc.Compression.Gzip}
NAME = {"name": "api_group_001"}

# what happens, code, reason, pushback, metadata, a text in the message
TABLE = {
    "a rule is broken": (lambda scene: scene.create(name="?"), "INVALID_ARGUMENT", "INVALID_REQUEST", None,
                         {"step": "validate"}, "name"),
    "bytes that are no message": (lambda scene: scene.start().client().unary(api.CREATE, b"\xff"), "INVALID_ARGUMENT",
                                  "INVALID_REQUEST", None, {"step": "decode"}, ""),
    "a method nobody serves": (lambda scene: scene.start().client().unary("/x.Y/Z", b""), "UNIMPLEMENTED", "UNKNOWN_METHOD",
                               None, {"step": "receive"}, "/x.Y/Z"),
    "a message just above": (lambda scene: scene.create("--max-message=64KiB", remark="r" * 66_000), "RESOURCE_EXHAUSTED",
                             "LIMIT_EXCEEDED", "never", {"step": "receive"}, "the request message is larger than --max-message"),
    "a message far above": (lambda scene: scene.create("--max-message=64KiB", remark="r" * 1_000_000), "RESOURCE_EXHAUSTED",
                            "LIMIT_EXCEEDED", "never", {"step": "receive"}, "the request message is larger than --max-message"),
    "a message that inflates": (lambda scene: scene.create("--max-message=64KiB", remark="r" * 1_000_000, **GZIP),
                                "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED", "never", {"step": "receive"}, "--max-message"),
    "a message that takes much memory": (message_that_takes_much_memory, "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED", "never",
                                         {"step": "decode"}, "--max-message"),
    "large metadata": (lambda scene: scene.create(metadata=[("x", "v" * 17_000)]), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED",
                       "never", {"step": "receive"}, "--max-metadata"),
    "many metadata": (lambda scene: scene.create(metadata=[("x", "v")] * 101), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED",
                      "never", {"step": "receive"}, "--max-metadata-count"),
    "too many calls": (too_many_calls, "RESOURCE_EXHAUSTED", "OVERLOADED", "later", {"step": "admit"}, "--max-in-flight"),
    "no credential": (no_credential, "UNAVAILABLE", "NO_CREDENTIAL", "later", {"step": "sign"}, "--token-file"),
    "nobody listens": (lambda scene: scene.create("--upstream=https://localhost:1"), "UNAVAILABLE", "UPSTREAM_UNREACHABLE",
                       "later", {"step": "send"}, "nothing was sent"),
    "the deadline passes before sending": (hanging_handshake, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", None,
                                           {"step": "send"}, "nothing was sent"),
    "the deadline passes after sending": (lambda scene: scene.create("--deadline=300ms", script=[silence()]),
                                          "DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN", "never",
                                          {"cause": "DEADLINE", **NAME}, "look before"),
    "the drain ends before sending": (drained_before_sending, "UNAVAILABLE", "DRAINING", "later", {"step": "send"},
                                      "nothing was sent"),
    "the drain ends after sending": (drained_after_sending, "UNKNOWN", "OUTCOME_UNKNOWN", "never",
                                     {"cause": "DRAINING", **NAME}, "look before"),
    "the connection is lost": (lambda scene: scene.create(script=[end_after_reading()]), "UNKNOWN", "OUTCOME_UNKNOWN",
                               "never", {"cause": "CONNECTION_LOST", **NAME}, "look before"),
    "what comes is no HTTP": (lambda scene: scene.create(script=[response_then_end(b"SSH-2.0-OpenSSH\r\n")]), "UNKNOWN",
                              "OUTCOME_UNKNOWN", "never", {"cause": "RESPONSE_UNREADABLE", **NAME}, "look before"),
    "a yes that cannot be read": (lambda scene: scene.create(script=[response(http(201, b"{", ["X-Request-Id: 9f2c"]))]), "UNKNOWN",
                                  "OUTCOME_UNKNOWN", "never", {"cause": "RESPONSE_UNREADABLE", "http_status": "201", **NAME}, "201"),
    "an answer that is too large": (lambda scene: scene.create("--max-response=1KiB", script=[response_then_end(http(201, b" " * 2000))]),
                                    "UNKNOWN", "OUTCOME_UNKNOWN", "never", {"cause": "RESPONSE_TOO_LARGE", **NAME}, "--max-response"),
    "nothing was created": (lambda scene: scene.create("--recover-lost-creates", script=[end_after_reading(), listing()] * 4),
                            "UNAVAILABLE", "NOT_CARRIED_OUT", "later", {"lookup": "ABSENT", **NAME}, "nothing was created"),
    "it was there before": (lambda scene: scene.create("--recover-lost-creates", script=[end_after_reading(), listing(OLD)]),
                            "ALREADY_EXISTS", "ALREADY_EXISTS", "never", {"lookup": "OLDER", **NAME}, "before the call"),
}


def retry(call, told):
    """Returns the pushback after checking that RetryInfo has the same delay."""
    pushback = dict(call.trailing_metadata()).get("grpc-retry-pushback-ms")
    if pushback is None or pushback == "-1":
        assert "RetryInfo" not in told
        return pushback and "never"
    assert told["RetryInfo"].retry_delay.ToMilliseconds() == int(pushback) > 0
    return "later"


SENT = {"OUTCOME_UNKNOWN", "NOT_CARRIED_OUT", "ALREADY_EXISTS"}  # reasons of calls whose request had begun to leave


def place_of_request_id(call):
    """Returns "headers" or "trailers", wherever x-request-id came."""
    places = {"ahead": call.initial_metadata(), "behind": call.trailing_metadata()}
    return [place for place, metadata in places.items() if "x-request-id" in dict(metadata or ())]


@pytest.mark.parametrize("happens,code,reason,when,metadata,words", TABLE.values(), ids=TABLE)
def test_a_failure_of_the_sidecar_has_all_details(start, upstream, token, tmp_path, happens, code, reason, when, metadata, words):
    call = happens(Scene(start, upstream, token, tmp_path))
    assert call.exception()
    told = details(call)
    info = told["ErrorInfo"]
    assert (call.code().name, info.domain, info.reason) == (code, "apig-sidecar", reason)
    assert metadata.items() <= dict(info.metadata).items()
    assert words in call.details()
    assert retry(call, told) == when
    assert place_of_request_id(call) == ["ahead" if reason in SENT else "behind"]


def test_a_redirect_reports_its_host_and_nothing_else(client, upstream):
    upstream.script(response(http(302, b"", ["Location: https://user:password@elsewhere.example:8443/path?query"])))
    call = client.start()
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.reason, info.metadata["location_host"]) == ("FAILED_PRECONDITION", "HTTP_302", "elsewhere.example")
    assert "password" not in f"{call.details()}{call.trailing_metadata()}"


def test_a_fault_that_stays_has_an_incident(client, upstream):
    upstream.script(response(error(500, "APIC.9999")))
    call = client.start(metadata=[("x-request-id", "incident-7")])
    assert details(call)["ErrorInfo"].metadata["incident"] == "incident-7"


@pytest.mark.parametrize("value,code", [("no number", "OK"), (0, "UNKNOWN")])
def test_a_token_that_is_a_key_of_a_response_is_never_reported(start, upstream, token, tmp_path, value, code):
    secret = "MIIF" + "0123456789abcdef" * 64  # longer than the reported part of a path
    token.write(secret)
    sidecar = start(with_set(tmp_path))
    upstream.script(response(http(200, {"labels": {secret: value}})))
    call = sidecar.client().unary("/test.v1.Things/Label", b"")
    assert call.code().name == code
    [line] = sidecar.wait_log(event="call")
    told = f"{call.details()}{call.trailing_metadata()}{sidecar.lines}"
    assert line["code"] == code and secret[:20] not in told
