# SPDX-License-Identifier: MIT
"""Do the words for people, `call`, `check` and `--help`, do what they say?"""
import json
import re
import subprocess

import grpc
import pytest

from support.client import IDS
from support.sidecar import run
from support.upstream import GROUP, response, error, silence

REQUEST = json.dumps({**IDS, "name": "api_group_001"})


@pytest.fixture
def call(sidecar):
    def call(*arguments, **more):
        return run("call", f"--target={sidecar.address}", *arguments, **more)
    return call


def test_call_prints_the_reply_as_json_and_nothing_else(call, upstream):
    upstream.script(response())
    ended = call("CreateApiGroup", REQUEST)
    assert ended.returncode == 0
    reply = json.loads(ended.stdout)
    assert (reply["id"], reply["status"], reply["url_domains"] if "url_domains" in reply else []) in (
        (GROUP["id"], 1, []), (GROUP["id"], "STATUS_VALID", []))
    assert upstream.requests[0].json() == {"name": "api_group_001"}


@pytest.mark.parametrize("method", ["CreateApiGroup", "huaweicloud.apig.v2.ApiGroupService/CreateApiGroup",
                                    "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup"])
def test_a_method_is_named_as_one_likes(call, upstream, method):
    upstream.script(response())
    assert call(method, REQUEST).returncode == 0


def test_the_request_comes_from_a_file_or_from_stdin(call, upstream, tmp_path):
    (tmp_path / "request.json").write_text(REQUEST)
    upstream.script(response(), response())
    assert call("CreateApiGroup", f"@{tmp_path}/request.json").returncode == 0
    assert call("CreateApiGroup", input=REQUEST).returncode == 0
    assert [request.json()["name"] for request in upstream.requests] == ["api_group_001"] * 2


def test_a_refusal_is_told_on_stderr_and_in_the_exit_code(call, upstream):
    upstream.script(response(error(400, "APIG.3201", "The name exists")))
    ended = call("CreateApiGroup", REQUEST)
    assert ended.returncode == 64 + grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert ended.stdout == ""
    assert "ALREADY_EXISTS" in ended.stderr and "The name exists" in ended.stderr


def test_metadata_and_deadline_are_the_calls(call, upstream):
    upstream.script(response(), silence())
    assert call("--metadata", "x-request-id=of-the-shell", "CreateApiGroup", REQUEST).returncode == 0
    assert upstream.requests[0].fields["x-request-id"] == "of-the-shell"
    ended = call("--deadline=300ms", "CreateApiGroup", REQUEST)
    assert ended.returncode == 64 + grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


def test_a_server_that_is_not_there_is_unavailable():
    ended = run("call", "--target=127.0.0.1:1", "--deadline=5s", "CreateApiGroup", REQUEST)
    assert ended.returncode in (64 + grpc.StatusCode.UNAVAILABLE.value[0], 64 + grpc.StatusCode.DEADLINE_EXCEEDED.value[0])
    assert ended.stderr


@pytest.mark.parametrize("arguments,code", [
    (["NoSuchMethod", "{}"], 2), (["CreateApiGroup", "{"], 2), (["CreateApiGroup", '{"no_such_field":1}'], 2),
    (["CreateApiGroup", '{"name":[]}'], 2), (["CreateApiGroup", "@/no/such/file"], 2), (["--deadline=soon"], 2), ([], 2),
], ids=str)
def test_what_cannot_be_asked_is_told_in_one_line(call, arguments, code):
    ended = call(*arguments, stdin=subprocess.DEVNULL)
    assert ended.returncode == code
    assert len(ended.stderr.splitlines()) == 1


def test_call_speaks_to_a_unix_socket(start, upstream, tmp_path):
    start(listen=f"unix:{tmp_path}/s")
    upstream.script(response())
    assert run("call", f"--target=unix:{tmp_path}/s", "CreateApiGroup", REQUEST).returncode == 0


def test_check_prints_the_configuration_and_the_calls_that_are_served(upstream, token, certificate):
    ended = run("check", f"--upstream={upstream.url}", f"--token-file={token.path}",
                f"--upstream-ca-file={certificate.certificate}")
    assert ended.returncode == 0, ended.stderr
    assert upstream.url in ended.stdout
    assert "POST" in ended.stdout and "/v2/{project_id}/apigw/instances/{instance_id}/api-groups" in ended.stdout
    assert "CreateApiGroup" in ended.stdout and "255" in ended.stdout
    assert token.path.read_text() not in ended.stdout + ended.stderr


@pytest.mark.parametrize("broken", ["--token-file=/no/such/token", "--upstream-ca-file=/no/such/ca",
                                    "--descriptor-set=/no/such/set", "--upstream=https://nowhere.invalid"])
def test_check_finds_what_would_not_work(upstream, token, certificate, broken):
    ended = run("check", f"--upstream={upstream.url}", f"--token-file={token.path}",
                f"--upstream-ca-file={certificate.certificate}", broken)
    assert ended.returncode == 1
    assert broken.partition("=")[2].removeprefix("https://") in ended.stdout + ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["serve", "--help"], ["check", "--help"],
                                       ["--listen=127.0.0.1:0", "--help"]], ids=" ".join)
def test_help_lists_every_option_with_its_variable(arguments):
    ended = run(*arguments)
    assert ended.returncode == 0
    flags = set(re.findall(r"--[a-z-]+", ended.stdout))
    assert {"--listen", "--upstream", "--token-file", "--drain-timeout"} <= flags
    assert "APIG_SIDECAR_TOKEN_FILE" in ended.stdout


def test_an_unknown_word_ends_with_2():
    ended = run("srve")
    assert ended.returncode == 2
    assert "srve" in ended.stderr
