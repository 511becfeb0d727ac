# SPDX-License-Identifier: MIT
"""Do the commands of deploy/examples/README.md make code from proto/, which stands beside protovalidate in one program?"""
import os
import re
import shutil
import subprocess

import pytest

from support import api, clients
from support.sidecar import environment
from support.toolchain import ROOT, go, newer, python_with, run, tool

README = (ROOT / "deploy/examples/README.md").read_text()
BUILT = ROOT / "build/generators"
CHECKED = ROOT / "tests/e2e/clients/protovalidate"
GO_CODE = "huaweicloud/apig/v2/api_group_service_grpc.pb.go"
VIOLATIONS = ("name", "at least 3 characters")  # of the name "?"


def block(beginning):
    """The block of README whose first line begins so."""
    [found] = [text for text in re.findall(r"```\w+\n(.*?)```", README, re.S) if text.startswith(beginning)]
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "proto").symlink_to(ROOT / "proto")
    return tmp_path


def bash(command, folder, *programs):
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    return run("bash", "-c", command, cwd=folder, env={**environment(), "PATH": path})


@pytest.fixture(scope="session")
def go_plugins():
    newer("Go", run(go(), "version"), (1, 26))
    run(go(), "install", "tool", cwd=CHECKED, env={**os.environ, "GOBIN": str(BUILT / "bin")})
    return BUILT / "bin"


def checked_by_go(folder):
    for path in CHECKED.iterdir():
        shutil.copy(path, folder)
    return run(go(), "run", ".", cwd=folder)


def test_protoc_makes_code_for_cpp(folder):
    tool("grpc_cpp_plugin")
    bash(block("protoc -I proto --cpp_out"), folder)
    assert (folder / "huaweicloud/apig/v2/api_group_service.grpc.pb.h").exists()


def test_a_go_program_holds_the_code_and_protovalidate(folder, go_plugins):
    bash(block("protoc -I proto --go_out"), folder, go_plugins)
    assert all(word in checked_by_go(folder) for word in VIOLATIONS)


def test_buf_makes_the_same_code_for_go(folder, go_plugins):
    (folder / "buf.gen.yaml").write_text(block("version: v2"))
    (folder / "package.json").write_text('{"private": true, "dependencies": {"@bufbuild/buf": "1.75.0"}}')
    run(tool("npm"), "install", "--silent", "--no-audit", "--no-fund", cwd=folder, env=environment())
    bash(block("buf generate"), folder, go_plugins, folder / "node_modules/.bin")
    made = (folder / GO_CODE).read_text()
    bash(block("protoc -I proto --go_out"), folder, go_plugins)
    assert re.sub(r"protoc +v?\S+|\(unknown\)", "", made) == re.sub(r"protoc +v?\S+", "", (folder / GO_CODE).read_text())


def test_a_python_program_holds_the_code_and_protovalidate(folder):
    python = python_with(ROOT / "tests/e2e/clients/python/generated_requirements.txt", BUILT / "python")
    bash(block("python -m grpc_tools"), folder, python.parent)
    checked = run(python, "-c", "import protovalidate\nfrom huaweicloud.apig.v2 import api_group_service_pb2, api_group_service_pb2_grpc\n"
                  'print(protovalidate.collect_violations(api_group_service_pb2.CreateApiGroupRequest(name="?")))', cwd=folder)
    assert all(word in checked for word in VIOLATIONS)


# Prints the published files that ours differ from. protobuf-c cannot read the newer fields of QuotaFailure.
COMPARE = """
import sys
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import error_details_pb2, status_pb2


def comparable(bytes):
    file = FileDescriptorProto.FromString(bytes)
    messages = [message for message in file.message_type if message.name != "QuotaFailure"]
    del file.message_type[:]
    file.message_type.extend(messages)
    for message in [*file.message_type, *(nested for message in file.message_type for nested in message.nested_type)]:
        for field in message.field:
            field.ClearField("json_name")  # protoc writes it, generated code leaves it out
    for field in file.extension:
        field.ClearField("json_name")
    return file


ours = {file.name: comparable(file.SerializeToString()) for file in FileDescriptorSet.FromString(sys.stdin.buffer.read()).file}
for module in (annotations_pb2, http_pb2, error_details_pb2, status_pb2):
    published, own = comparable(module.DESCRIPTOR.serialized_pb), ours[module.DESCRIPTOR.name]
    published == own or print(own.name)
"""


def test_our_files_of_google_declare_what_the_published_ones_do():
    python = python_with(ROOT / "tests/e2e/clients/python/generated_requirements.txt", BUILT / "python")
    ours = api.compile_set(["google/api/annotations.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"])
    assert subprocess.run([python, "-c", COMPARE], input=ours, capture_output=True, check=True).stdout == b""


def test_node_reads_the_files_themselves(folder):
    _, program = clients.js("echo")
    loaded = f"console.log(Object.keys({block('require(').strip().rstrip(';')}).filter(name => name.endsWith('Service')))"
    assert "huaweicloud.apig.v2.ApiGroupService" in run(tool("node"), "-e", loaded, cwd=folder,
                                                        env={**environment(), "NODE_PATH": str(program.parent / "node_modules")})


@pytest.mark.parametrize("language,beginning", [("cpp", "protoc -I proto --cpp_out"), ("go", "protoc -I proto --go_out"),
                                                ("python", "python -m grpc_tools")])
def test_an_example_is_built_by_the_same_command(language, beginning):
    assert block(beginning) in (ROOT / f"deploy/examples/{language}/build").read_text()
