# SPDX-License-Identifier: MIT
"""Does `protos` write what a client is generated from, and nothing over the files of others?"""
import fcntl
import os
import resource
import subprocess

import pytest

from support.retrying import wait_until
from support.sidecar import BINARY, environment, run
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
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    assert run("protos", tmp_path).returncode == 0
    changed = [path for path in tmp_path.rglob("*") if path not in before or path.stat().st_ino != before[path].st_ino]
    assert changed == []


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


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def test_a_file_that_cannot_be_written_whole_is_named_and_no_part_of_it_is_left(tmp_path):
    ended = run("protos", tmp_path, preexec_fn=limit_files, restore_signals=False)
    assert ended.returncode == 1 and "File too large" in ended.stderr
    assert written(tmp_path).items() <= FILES.items()


def test_links_to_the_files_of_others_are_not_followed(tmp_path):
    (tmp_path / "other").write_text("mine")
    for name in FILES:
        (tmp_path / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / f"{name}.unfinished").symlink_to(tmp_path / "other")
    assert run("protos", tmp_path / "own").returncode == 0
    assert (tmp_path / "other").read_text() == "mine"


def test_a_link_to_nothing_is_named_and_kept(tmp_path):
    (tmp_path / SERVICE).parent.mkdir(parents=True)
    (tmp_path / SERVICE).symlink_to(tmp_path / "nothing")
    ended = run("protos", tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"{tmp_path}/{SERVICE}" in ended.stderr
    assert (tmp_path / SERVICE).is_symlink() and written(tmp_path) == {}


def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path):
    runs = [subprocess.Popen([BINARY, "protos", tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=environment()) for _ in range(8)]
    ended = [(process.communicate(), process.returncode) for process in runs]
    listed = {output for (output, _), _ in ended}
    assert [(errors, code) for (_, errors), code in ended] == [("", 0)] * 8 and len(listed) == 1
    assert sorted(listed.pop().splitlines()) == sorted(f"{tmp_path}/{name}" for name in written(tmp_path))


def test_a_file_that_appears_while_files_are_written_is_kept(tmp_path):
    folder, other = tmp_path / ("x" * 250), tmp_path / ("y" * 250)
    names = [os.path.relpath(path, other) for path in run("protos", other).stdout.splitlines()]
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"-" * size)  # the first output of the program waits until this is read
    process = subprocess.Popen([BINARY, "protos", folder], stdout=writing, stderr=subprocess.PIPE, text=True, env=environment())
    os.close(writing)
    wait_until(lambda: (folder / names[0]).exists())
    (folder / names[-1]).parent.mkdir(parents=True, exist_ok=True)
    (folder / names[-1]).write_text("mine")
    with open(reading, "rb") as output:
        output.read()
    _, errors = process.communicate()
    assert process.returncode == 1 and f"{folder}/{names[-1]}" in errors
    assert (folder / names[-1]).read_text() == "mine"


def test_everybody_whom_the_umask_lets_may_read_the_files(tmp_path):
    run("protos", tmp_path, umask=0o027)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.proto")} == {0o640}


@pytest.mark.parametrize("arguments", [[], [""], ["a", "b"], ["--force"]], ids=str)
def test_wrong_arguments_end_with_2_and_one_line(arguments, tmp_path):
    ended = run("protos", *arguments, cwd=tmp_path)
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
