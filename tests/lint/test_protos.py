# SPDX-License-Identifier: MIT
"""Are the .proto files laid out as buf's standard rules want it, and do they keep what the last release promised?"""
import json
import shutil
import subprocess

import pytest
from sources import ROOT

FOLDER = ROOT / "build/buf"
PACKAGE = {"private": True, "dependencies": {"@bufbuild/buf": "1.75.0"}}


@pytest.fixture(scope="session")
def buf():
    program, package = FOLDER / "node_modules/.bin/buf", FOLDER / "package.json"
    if not shutil.which("npm"):
        pytest.skip("no npm here")
    if not program.exists() or json.loads(package.read_text()) != PACKAGE:
        FOLDER.mkdir(parents=True, exist_ok=True)
        package.write_text(json.dumps(PACKAGE))
        installed = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True)
        if installed.returncode != 0:
            pytest.skip(f"npm cannot install buf: {installed.stderr.strip()[-200:]}")
    return lambda *arguments: subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True)


def last_release():
    """The last tag before or at this commit, None without one."""
    described = subprocess.run(["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, capture_output=True, text=True)
    return described.stdout.strip() or None


def test_buf_finds_nothing_against_its_standard_rules(buf):
    linted = buf("lint", "proto")
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stderr


def test_nothing_breaks_a_client_of_the_last_release(buf):
    tag = last_release()
    if not tag:
        pytest.skip("no release has a tag yet, so there is nothing to compare with")
    compared = buf("breaking", "proto", "--against", f".git#tag={tag},subdir=proto")
    assert (compared.returncode, compared.stdout) == (0, ""), compared.stderr
