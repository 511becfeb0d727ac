# SPDX-License-Identifier: MIT
"""Does the demo show the path of a call and leave nothing running?"""
import os
import re
import signal
import subprocess

import pytest

from support.sidecar import ROOT, environment


def demo(*arguments, **variables):
    return subprocess.run([ROOT / "deploy/demo", *arguments], capture_output=True, text=True, timeout=600,
                          env=environment(**variables), stdin=subprocess.DEVNULL)


def of_the_demo(folder):
    """Returns the processes with a file of that folder in their arguments."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                if folder.encode() in file.read():
                    found.append(int(process))
        except OSError:
            pass  # it has ended
    return found


# A region in the environment would give another URL.
@pytest.mark.parametrize("variables", [{}, {"APIG_SIDECAR_REGION": "cn-north-4"}], ids=["plain", "with a region"])
def test_the_demo_shows_a_groups_life_and_leaves_nothing(tmp_path, variables):
    ended = demo(TMPDIR=str(tmp_path), **variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "POST /v2/" in ended.stdout and "HTTP/1.1 201" in ended.stdout
    assert "ALREADY_EXISTS" in ended.stdout and "APIG.3201" in ended.stdout
    brief = re.findall(r"^gRPC: (\w+) .*\nHTTP: (\w+) /v2/\S+ → (\d+) .*\ngRPC: (\S+)", ended.stdout, re.M)
    assert brief == [("CreateApiGroup", "POST", "400", "ALREADY_EXISTS:"), ("ListApiGroups", "GET", "200", "OK"),
                     ("UpdateApiGroup", "PUT", "200", "OK"), ("DeleteApiGroup", "DELETE", "204", "OK")]
    assert re.search(r"X-Auth-Token: \(128 characters, ….{4}\)\n", ended.stdout)
    assert "APIG is simulated on this machine" in ended.stdout and "deploy/demo --keep" in ended.stdout
    assert not of_the_demo(str(tmp_path)) and not list(tmp_path.iterdir())


def test_the_demo_explains_itself(tmp_path):
    helped = demo("--help", TMPDIR=str(tmp_path))
    assert helped.returncode == 0 and "--keep" in helped.stdout and not helped.stderr
    unknown = demo("--unknown", TMPDIR=str(tmp_path))
    assert unknown.returncode == 2 and "--keep" in unknown.stderr


def test_variables_of_a_real_run_are_checked_first_and_named_at_once(tmp_path):
    ended = demo(TMPDIR=str(tmp_path), APIG_SIDECAR_UPSTREAM="https://localhost:1", APIG_SIDECAR_PROJECT_ID="p")
    assert ended.returncode == 1 and not ended.stdout
    assert "APIG_SIDECAR_TOKEN_FILE APIG_SIDECAR_INSTANCE_ID" in ended.stderr
    ended = demo(TMPDIR=str(tmp_path), APIG_SIDECAR_UPSTREAM="https://localhost:1", APIG_SIDECAR_PROJECT_ID="p",
                 APIG_SIDECAR_INSTANCE_ID="i", APIG_SIDECAR_TOKEN_FILE=str(tmp_path / "none"))
    assert ended.returncode == 1 and "cannot be read" in ended.stderr


def test_the_demo_can_be_kept(tmp_path):
    ended = demo("--keep", TMPDIR=str(tmp_path))
    try:
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert re.search(r"grpcurl -plaintext 127\.0\.0\.1:\d+ list", ended.stdout)
        assert len(of_the_demo(str(tmp_path))) == 2
    finally:
        for process in of_the_demo(str(tmp_path)):
            os.kill(process, signal.SIGTERM)
