# SPDX-License-Identifier: MIT
"""Does a method that cannot be served leave the others served, and does --serve say exactly what is served?"""
import pytest

from support import api
from support.client import refusal
from support.sidecar import run
from support.upstream import response, http

PARTLY = """syntax = "proto3";
package test.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/protobuf/any.proto";
service Mixed {
  rpc Good(Q) returns (A) { option (google.api.http).get = "/v1/good"; }
  rpc Watch(Q) returns (stream A) { option (google.api.http).get = "/v1/watch"; }
  rpc Cel(Checked) returns (A) { option (google.api.http).get = "/v1/cel"; }
  rpc WithoutRule(Q) returns (A);
}
service Bad { rpc Open(Q) returns (Opened) { option (google.api.http).get = "/v1/open"; } }
message Q { string id = 1; }
message A { string id = 1; }
message Checked { string id = 1 [(buf.validate.field).cel = {id: "x"}]; }
message Opened { google.protobuf.Any payload = 1; }
"""
REASONS = {
    "test.v1.Mixed/Watch": "partly.proto: test.v1.Mixed.Watch: streaming methods cannot be served",
    "test.v1.Mixed/Cel": "partly.proto: test.v1.Checked.id: ",
    "test.v1.Bad/Open": "partly.proto: test.v1.Opened.payload: google.protobuf.Any cannot be served",
}
WITHOUT_RULE = "test.v1.Mixed/WithoutRule"


@pytest.fixture
def partly(tmp_path):
    (tmp_path / "partly.proto").write_text(PARTLY)
    path = tmp_path / "partly.binpb"
    path.write_bytes(api.compile_set(["partly.proto"], [tmp_path]))
    return f"--descriptor-set={path}"


def checked(*options):
    """`check` with an upstream and a token."""
    return run("check", "--upstream=https://127.0.0.1:1", "--token-file=/dev/null", *options)


def test_a_method_that_cannot_be_served_is_warned_of_once_and_refused_with_the_reason(start, upstream, partly):
    sidecar = start(partly)
    client = sidecar.client()
    upstream.script(response(http(200, {"id": "1"})))
    assert client.unary("/test.v1.Mixed/Good", b"").result() == b"\x0a\x011"
    for method, reason in REASONS.items():
        [line] = [line for line in sidecar.lines if line.get("method") == method]
        assert (line["level"], line["event"]) == ("warning", "method not served") and line["message"].startswith(reason)
        code, message = refusal(client.unary(f"/{method}", b""))
        assert code == "UNIMPLEMENTED" and reason in message
    code, message = refusal(client.unary(f"/{WITHOUT_RULE}", b""))
    assert code == "UNIMPLEMENTED" and "google.api.http" in message
    assert not [line for line in sidecar.lines if line.get("method") == WITHOUT_RULE and line["level"] == "warning"]


def test_check_lists_what_is_not_served_with_the_reason(partly):
    served, _, unserved = checked(partly).stdout.partition("\nNot served\n")
    assert "  /test.v1.Mixed/Good: GET /v1/good" in served and "CreateApiGroup" in served
    for method, reason in {**REASONS, WITHOUT_RULE: "it has no google.api.http option"}.items():
        assert f"  /{method}: {reason}" in unserved and method not in served


def test_only_what_a_pattern_matches_is_served(start, upstream, partly):
    client = start(partly, "--serve=test.v1.Mixed/Good", "--serve=huaweicloud.apig.v2.ApiGroupService/*").client()
    upstream.script(response(http(200, {})), response())
    assert client.unary("/test.v1.Mixed/Good", b"").result() == b""
    assert client.create()["id"]
    code, message = refusal(client.unary("/huaweicloud.apig.v2.InstanceService/ListInstances", b""))
    assert code == "UNIMPLEMENTED" and "--serve" in message


@pytest.mark.parametrize("patterns,named", [
    ("test.v1.Mixed/Watch", "streaming"), ("test.v1.Mixed/*", "Watch"), ("test.v1.Mixed/WithoutRule", "google.api.http"),
    ("test.v1.Mixed/Good,test.v1.Mixed/Missing", "--serve=test.v1.Mixed/Missing matches no method"),
    ("huaweicloud.apig.v2.Missing/*", "--serve=huaweicloud.apig.v2.Missing/* matches no method"),
])
def test_a_pattern_whose_methods_cannot_be_served_ends_the_start(upstream, token, partly, patterns, named):
    ended = run("serve", "--listen=127.0.0.1:0", "--monitor=127.0.0.1:0", "--admin=127.0.0.1:0", f"--upstream={upstream.url}",
                f"--token-file={token.path}", partly, f"--serve={patterns}")
    assert ended.returncode == 1 and named in ended.stderr
    assert named in checked(partly, f"--serve={patterns}").stdout


@pytest.mark.parametrize("pattern", ["", "Service", "pkg.Service", "pkg.Service/", "/pkg.Service/Method", "pkg.*/Method",
                                     "pkg.Service/Met*", "pkg..Service/*", "pkg.Service/*,"])
def test_a_pattern_of_another_form_is_refused_when_options_are_read(pattern):
    ended = run("check", f"--serve={pattern or ','}")
    assert ended.returncode == 2 and "pkg.Service/Method or pkg.Service/*" in ended.stderr
