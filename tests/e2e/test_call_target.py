# SPDX-License-Identifier: MIT
"""Does `call` find the method that a person means, and the sidecar where it listens, with TLS and without?"""
import json
import os
import pty
import subprocess

import pytest

from support import api
from support.certificate import make_certificate
from support.client import IDS
from support.sidecar import BINARY, environment, run
from support.upstream import GROUP, response

REQUEST = json.dumps({**IDS, "name": "api_group_001"})
TWO_SERVICES = """syntax = "proto3";
package test.v1;
import "google/api/annotations.proto";
service Cars { rpc ShowThing(Q) returns (Q) { option (google.api.http) = { get: "/v1/cars/{id}" }; } }
service Trains { rpc Follow(Q) returns (stream Q) { option (google.api.http) = { get: "/v1/trains" }; } }
service Boats { rpc ShowThing(Q) returns (Q) { option (google.api.http) = { get: "/v1/boats/{id}" }; } }
message Q { string id = 1; }
"""


@pytest.fixture
def two_services(tmp_path):
    (tmp_path / "two.proto").write_text(TWO_SERVICES)
    (tmp_path / "two.binpb").write_bytes(api.compile_set(["two.proto"], [tmp_path]))
    return f"--descriptor-set={tmp_path}/two.binpb"


def refused(*arguments, **more):
    """The one line of a call that cannot be made."""
    ended = run("call", *arguments, **more)
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize("method", ["ApiGroupService.CreateApiGroup", "ApiGroupService/CreateApiGroup",
                                    "huaweicloud.apig.v2.ApiGroupService.CreateApiGroup", "v2.ApiGroupService/CreateApiGroup"])
def test_a_method_is_named_with_as_much_of_its_service_as_one_likes(sidecar, upstream, method):
    upstream.script(response())
    assert run("call", f"--target={sidecar.address}", method, REQUEST).returncode == 0


@pytest.mark.parametrize("method", ["CreateApGroup", "createapigroup", "ApiGroupService.CreateGroup"])
def test_the_most_similar_method_is_offered_for_a_misspelt_one(method):
    assert "did you mean huaweicloud.apig.v2.ApiGroupService/CreateApiGroup?" in refused(method, "{}")


@pytest.mark.parametrize("method", ["", "/", "Group", "piGroupService.CreateApiGroup", "huaweicloud.apig.v2.ApiGroupService",
                                    ".huaweicloud.apig.v2.ApiGroupService.CreateApiGroup", "x" * 500])
def test_a_part_of_a_name_is_refused(method):
    assert "no such method" in refused(method, "{}")


def test_a_name_of_several_methods_is_refused_with_their_paths(two_services):
    line = refused(two_services, "ShowThing", "{}")
    assert "test.v1.Cars/ShowThing" in line and "test.v1.Boats/ShowThing" in line


def test_a_method_that_is_not_served_is_refused_with_the_reason(two_services):
    line = refused(two_services, "Trains.Follow", "{}")
    assert "test.v1.Trains/Follow is not served" in line and "streaming" in line


def test_a_mounted_method_is_called_by_service_and_name(start, upstream, two_services):
    sidecar = start(two_services)
    upstream.script(response())
    assert run("call", f"--target={sidecar.address}", two_services, "Boats.ShowThing", '{"id":"1"}').returncode == 0
    assert upstream.requests[0].target == "/v1/boats/1"


def test_the_sidecars_variables_say_where_it_listens_and_which_methods_there_are(start, upstream, tmp_path, two_services):
    start(two_services, listen=f"unix:{tmp_path}/s")
    upstream.script(response())
    variables = {"APIG_SIDECAR_LISTEN": f"unix:{tmp_path}/s", "APIG_SIDECAR_DESCRIPTOR_SET": two_services.partition("=")[2]}
    assert run("call", "Cars.ShowThing", '{"id":"1"}', variables=variables).returncode == 0


@pytest.fixture(scope="session")
def own(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="session")
def caller(tmp_path_factory, own):
    return make_certificate(tmp_path_factory.mktemp("caller"), "caller", "DNS:caller", own)


def serving(own):
    return f"--tls-cert-file={own.certificate}", f"--tls-key-file={own.key}"


def test_call_speaks_tls(start, own, upstream):
    sidecar = start(*serving(own))
    upstream.script(response())
    ended = run("call", f"--target={sidecar.address}", f"--ca-file={own.certificate}", "CreateApiGroup", REQUEST)
    assert json.loads(ended.stdout)["id"] == GROUP["id"]


def test_call_shows_a_certificate(start, own, caller, upstream):
    sidecar = start(*serving(own), f"--tls-client-ca-file={own.certificate}", "--allow-callers=caller")
    upstream.script(response())
    known = [f"--target={sidecar.address}", f"--ca-file={own.certificate}"]
    shown = [f"--cert-file={caller.certificate}", f"--key-file={caller.key}"]
    assert run("call", *known, *shown, "CreateApiGroup", REQUEST).returncode == 0
    assert run("call", *known, "--deadline=5s", "CreateApiGroup", REQUEST).returncode >= 64


def test_the_name_in_the_certificate_is_verified(start, tmp_path, upstream):
    named = make_certificate(tmp_path / "named", "apig-sidecar", "DNS:apig-sidecar")
    sidecar = start(*serving(named))
    known = [f"--target={sidecar.address}", f"--ca-file={named.certificate}", "--deadline=5s"]
    assert run("call", *known, "CreateApiGroup", REQUEST).returncode >= 64
    upstream.script(response())
    assert run("call", *known, "--server-name=apig-sidecar", "CreateApiGroup", REQUEST).returncode == 0


def test_a_sidecar_with_an_unknown_certificate_gets_nothing(start, own, tmp_path):
    sidecar = start(*serving(own))
    other = make_certificate(tmp_path / "other")
    ended = run("call", f"--target={sidecar.address}", f"--ca-file={other.certificate}", "--deadline=5s", "CreateApiGroup", REQUEST)
    assert ended.returncode >= 64 and "certificate verify failed" in ended.stderr
    assert all(not line.startswith("E") for line in ended.stderr.splitlines()), "C-core logs nothing beside it"


def test_a_file_that_cannot_be_used_is_refused_and_named(tmp_path, own, caller):
    (tmp_path / "empty").write_text("")
    assert str(tmp_path / "empty") in refused(f"--ca-file={tmp_path}/empty", "CreateApiGroup", REQUEST)
    assert "/no/such/ca" in refused("--ca-file=/no/such/ca", "CreateApiGroup", REQUEST)
    for certificate, key, named in ((tmp_path / "empty", own.key, "empty"), (own.certificate, tmp_path / "empty", "empty"),
                                    (own.certificate, caller.key, caller.key)):
        assert str(named) in refused(f"--ca-file={own.certificate}", f"--cert-file={certificate}", f"--key-file={key}",
                                     "CreateApiGroup", REQUEST)


def test_a_person_at_a_terminal_learns_that_the_message_is_awaited():
    terminal, other_end = pty.openpty()
    process = subprocess.Popen([BINARY, "call", "--target=127.0.0.1:1", "--deadline=1s", "CreateApiGroup"], stdin=other_end,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    os.close(other_end)
    assert "standard input" in process.stderr.readline()
    os.write(terminal, b"{\n\x04")
    assert process.wait(60) == 2
    assert process.stderr.read().startswith("apig-sidecar: read the request message")
    process.stdout.close(), process.stderr.close()
    os.close(terminal)


def test_nothing_but_a_terminal_is_announced():
    ended = run("call", "--target=127.0.0.1:1", "--deadline=1s", "CreateApiGroup", input=REQUEST)
    assert "standard input" not in ended.stderr
