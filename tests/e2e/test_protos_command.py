# SPDX-License-Identifier: MIT
"""Does `protos` write what a client is generated from, and nothing over the files of others?"""
import os
import subprocess

import pytest

from support.sidecar import run
from support.toolchain import ROOT

FILES = {str(path.relative_to(ROOT / "proto")): path.read_bytes() for path in ROOT.glob("proto/**/*.proto")}
SERVICE = "huaweicloud/apig/v2/api_group_service.proto"


def written(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_and_their_descriptor_set_are_written_and_listed(tmp_path):
    ended = run("protos", tmp_path / "a/b")
    assert (ended.returncode, ended.stderr) == (0, "")
    found = written(tmp_path / "a/b")
    assert sorted(ended.stdout.splitlines()) == sorted(f"{tmp_path}/a/b/{name}" for name in found)
    found.pop("apig-sidecar.binpb")
    assert found == FILES


def test_the_files_need_no_others(tmp_path):
    run("protos", tmp_path)
    subprocess.run(["protoc", "-I", tmp_path, f"--descriptor_set_out={tmp_path}/own", *FILES], check=True)


def test_the_descriptor_set_can_be_mounted(tmp_path):
    run("protos", tmp_path)
    ended = run("check", f"--descriptor-set={tmp_path}/apig-sidecar.binpb")
    assert "ApiGroupService/CreateApiGroup" in ended.stdout and "--descriptor-set:" not in ended.stdout


def test_a_second_time_changes_nothing(tmp_path):
    run("protos", tmp_path)
    before = written(tmp_path)
    assert run("protos", tmp_path).returncode == 0
    assert written(tmp_path) == before


def test_a_file_with_another_content_is_named_and_nothing_is_written(tmp_path):
    (tmp_path / SERVICE).parent.mkdir(parents=True)
    (tmp_path / SERVICE).write_text("mine")
    ended = run("protos", tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    [line] = ended.stderr.splitlines()
    assert f"{tmp_path}/{SERVICE}" in line
    assert written(tmp_path) == {SERVICE: b"mine"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    ended = run("protos", tmp_path / "file/below")
    assert ended.returncode == 1 and f"{tmp_path}/file" in ended.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_leaves_no_half_of_a_file(tmp_path):
    (tmp_path / "apig_sidecar").mkdir()
    for name in FILES:
        if name.startswith("apig_sidecar/"):
            (tmp_path / f"{name}.unfinished").symlink_to("/dev/full")
    ended = run("protos", tmp_path)
    assert ended.returncode == 1 and "No space left" in ended.stderr
    assert written(tmp_path).keys() <= FILES.keys() and not any(name.startswith("apig_sidecar/") for name in written(tmp_path))


@pytest.mark.parametrize("arguments", [[], [""], ["a", "b"], ["--force"]], ids=str)
def test_wrong_arguments_end_with_2_and_one_line(arguments, tmp_path):
    ended = run("protos", *arguments, cwd=tmp_path)
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
