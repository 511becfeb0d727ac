# SPDX-License-Identifier: MIT
"""Do `call`, `check`, `--help` and `--version` do what their help says?"""
import json
import re
import subprocess

import grpc
import pytest

from support import api
from support.client import IDS
from support.sidecar import run
from support.upstream import GROUP, response, error, silence

COMMANDS = ["serve", "call", "check", "health", "wait", "shutdown", "protos", "version", "help"]
REQUEST = json.dumps({**IDS, "name": "api_group_001"})


@pytest.fixture
def call(sidecar):
    def call(*arguments, **more):
        return run("call", f"--target={sidecar.address}", *arguments, **more)
    return call


def test_call_prints_the_response_as_json_and_nothing_else(call, upstream):
    upstream.script(response())
    ended = call("CreateApiGroup", REQUEST)
    assert ended.returncode == 0
    reply = json.loads(ended.stdout)
    assert (reply["id"], reply["status"], reply["url_domains"] if "url_domains" in reply else []) in (
        (GROUP["id"], 1, []), (GROUP["id"], "STATUS_VALID", []))
    assert upstream.requests[0].json() == {"name": "api_group_001"}


@pytest.mark.parametrize("method", ["CreateApiGroup", "huaweicloud.apig.v2.ApiGroupService/CreateApiGroup",
                                    "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup"])
def test_a_method_is_named_alone_or_with_its_service(call, upstream, method):
    upstream.script(response())
    assert call(method, REQUEST).returncode == 0


def test_the_request_comes_from_a_file_or_from_stdin(call, upstream, tmp_path):
    (tmp_path / "request.json").write_text(REQUEST)
    upstream.script(response(), response())
    assert call("CreateApiGroup", f"@{tmp_path}/request.json").returncode == 0
    assert call("CreateApiGroup", input=REQUEST).returncode == 0
    assert [request.json()["name"] for request in upstream.requests] == ["api_group_001"] * 2


def test_a_failed_call_is_reported_on_stderr_and_in_the_exit_code(call, upstream):
    upstream.script(response(error(400, "APIG.3201", "The name exists")))
    ended = call("CreateApiGroup", REQUEST)
    assert ended.returncode == 64 + grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert ended.stdout == ""
    assert "ALREADY_EXISTS" in ended.stderr and "The name exists" in ended.stderr


def test_metadata_and_deadline_of_the_command_line_are_sent(call, upstream):
    upstream.script(response(), silence())
    assert call("--metadata", "x-request-id=of-the-shell", "CreateApiGroup", REQUEST).returncode == 0
    assert upstream.requests[0].fields["x-request-id"] == "of-the-shell"
    ended = call("--deadline=300ms", "CreateApiGroup", REQUEST)
    assert ended.returncode == 64 + grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


def test_a_call_to_an_unused_port_is_unavailable():
    ended = run("call", "--target=127.0.0.1:1", "--deadline=5s", "CreateApiGroup", REQUEST)
    assert ended.returncode in (64 + grpc.StatusCode.UNAVAILABLE.value[0], 64 + grpc.StatusCode.DEADLINE_EXCEEDED.value[0])
    assert ended.stderr


@pytest.mark.parametrize("arguments,code", [
    (["NoSuchMethod", "{}"], 2), (["CreateApiGroup", "{"], 2), (["CreateApiGroup", '{"no_such_field":1}'], 2),
    (["CreateApiGroup", '{"name":[]}'], 2), (["CreateApiGroup", "@/no/such/file"], 2), (["--deadline=soon"], 2), ([], 2),
], ids=str)
def test_a_call_that_cannot_be_made_ends_with_2_and_one_line(call, arguments, code):
    ended = call(*arguments, stdin=subprocess.DEVNULL)
    assert ended.returncode == code
    assert len(ended.stderr.splitlines()) == 1


STREAMING = """syntax = "proto3";
package test.v1;
import "google/api/annotations.proto";
service Trains { rpc Follow(Q) returns (stream Q) { option (google.api.http) = { get: "/v1/trains" }; } }
message Q {}
"""


@pytest.fixture
def streaming(tmp_path):
    """A set that is refused unless --serve names methods of other files."""
    (tmp_path / "streaming.proto").write_text(STREAMING)
    (tmp_path / "streaming.binpb").write_bytes(api.compile_set(["streaming.proto"], [tmp_path]))
    return f"--descriptor-set={tmp_path}/streaming.binpb"


def test_call_accepts_the_options_that_the_sidecar_accepts(start, upstream, streaming):
    options = [streaming, "--serve=huaweicloud.apig.v2.ApiGroupService/*"]
    sidecar = start(*options)
    upstream.script(response())
    ended = run("call", f"--target={sidecar.address}", *options, "CreateApiGroup", REQUEST)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_call_offers_only_the_methods_that_are_served():
    ended = run("call", "--serve=huaweicloud.apig.v2.InstanceService/*", "CreateApiGroup", REQUEST)
    assert ended.returncode == 2 and "CreateApiGroup is not served" in ended.stderr and "--serve" in ended.stderr


def test_a_set_of_which_nothing_can_be_served_is_named(streaming):
    ended = run("call", streaming, "CreateApiGroup", REQUEST)
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 2 and line.startswith(f"apig-sidecar: {streaming.partition('=')[2]}: ")


def test_call_connects_to_a_unix_socket(start, upstream, tmp_path):
    start(listen=f"unix:{tmp_path}/s")
    upstream.script(response())
    assert run("call", f"--target=unix:{tmp_path}/s", "CreateApiGroup", REQUEST).returncode == 0


def test_check_prints_the_options_and_the_methods_that_are_served(upstream, token, certificate):
    ended = run("check", f"--upstream={upstream.url}", f"--token-file={token.path}",
                f"--upstream-ca-file={certificate.certificate}")
    assert ended.returncode == 0, ended.stderr
    assert upstream.url in ended.stdout
    assert "POST" in ended.stdout and "/v2/{project_id}/apigw/instances/{instance_id}/api-groups" in ended.stdout
    assert "CreateApiGroup" in ended.stdout and "255" in ended.stdout
    assert token.path.read_text() not in ended.stdout + ended.stderr


@pytest.mark.parametrize("broken", ["--token-file=/no/such/token", "--upstream-ca-file=/no/such/ca",
                                    "--descriptor-set=/no/such/set", "--upstream=https://nowhere.invalid"])
def test_check_reports_a_broken_file_or_name(upstream, token, certificate, broken):
    ended = run("check", f"--upstream={upstream.url}", f"--token-file={token.path}",
                f"--upstream-ca-file={certificate.certificate}", broken)
    assert ended.returncode == 1
    assert broken.partition("=")[2].removeprefix("https://") in ended.stdout + ended.stderr


CONTROL = r"""syntax = "proto3";
package test.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
service Screens {
  rpc Show(Q) returns (Q) { option (google.api.http) = { get: "/v1/shown" }; }
  rpc Clear(Q) returns (Q) { option (google.api.http) = { get: "/v1/cleared{\033[2J" }; }
}
message Q { string id = 1 [(buf.validate.field).string.in = "in\033[2J"]; }
"""


@pytest.fixture
def control(tmp_path):
    """A set with control characters in what `check` prints."""
    (tmp_path / "control.proto").write_text(CONTROL)
    (tmp_path / "control.binpb").write_bytes(api.compile_set(["control.proto"], [tmp_path]))
    return f"--descriptor-set={tmp_path}/control.binpb"


@pytest.mark.parametrize("pattern,printed", [("test.v1.Screens/Show", "in?[2J"), ("test.v1.Screens/Clear", "cleared{?[2J"), (None, "cleared{?[2J")])
def test_check_prints_no_control_character_of_a_descriptor_set(control, pattern, printed):
    ended = run("check", control, *([f"--serve={pattern}"] if pattern else []))
    assert printed in ended.stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ended.stdout)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["serve", "--help"], ["help", "serve"],
                                       ["--listen=127.0.0.1:0", "--help"]], ids=" ".join)
def test_help_lists_commands_and_options_within_80_columns(arguments):
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    flags = set(re.findall(r"^  (--[a-z-]+)", ended.stdout, re.M))
    assert {"--listen", "--upstream", "--token-file", "--drain-timeout"} <= flags
    assert "APIG_SIDECAR_TOKEN_FILE" in ended.stdout
    assert all(f"\n  {command} " in ended.stdout for command in COMMANDS)
    assert [line for line in ended.stdout.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "serve"])
@pytest.mark.parametrize("arguments", [["{}", "--help"], ["{}", "-h"], ["help", "{}"]], ids=" ".join)
def test_a_command_has_help_of_its_own(command, arguments):
    ended = run(*(argument.format(command) for argument in arguments))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"apig-sidecar {command}")
    assert [line for line in ended.stdout.splitlines() if len(line) > 80] == []


def test_help_of_check_describes_check_and_not_the_options():
    ended = run("check", "--help")
    assert "finding" in ended.stdout and "--drain-timeout" not in ended.stdout


@pytest.mark.parametrize("argument", ["--version", "version"])
def test_the_version_is_printed(argument):
    ended = run(argument)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"apig-sidecar \d+\.\d+\.\d+( [0-9a-f]{7,40})?\n", ended.stdout)


@pytest.mark.parametrize("arguments,suggestion", [(["srve"], '"serve"'), (["helth"], '"health"'), (["help", "shutdwon"], '"shutdown"'),
                                                  (["restart-it"], None)], ids=str)
def test_an_unknown_command_ends_with_2_and_the_names_of_the_commands(arguments, suggestion):
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert f'"{arguments[-1]}": no such command' in line and line.endswith(", version and help")
    assert ("did you mean" in line) == bool(suggestion) and (suggestion or "") in line


@pytest.mark.parametrize("argument,message", [
    ("--deadline=5", "the unit is missing"), ("--max-message=1MB", "KiB, MiB and GiB"), ("--tokenfile=x", "did you mean --token-file?"),
    ("--token-file", "its value is missing"), ("--token-file=a\tb", "path of a readable file"),
])
def test_a_wrong_option_ends_with_2_and_one_line_that_says_what_is_allowed(argument, message):
    ended = run(argument)
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert message in line and line.startswith(f"apig-sidecar: {argument.partition('=')[0]}: ")
