# SPDX-License-Identifier: MIT
"""Tools that tests install themselves; a test without its toolchain is skipped. Builds are kept below build/."""
import fcntl
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 600  # limit of every build of a test


def one_at_a_time(make):
    """Decorates a function that builds something, because files of tests that run side by side use the same builds."""
    @functools.wraps(make)
    def guarded(*arguments):
        (ROOT / "build").mkdir(exist_ok=True)
        with open(ROOT / f"build/{make.__name__}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return make(*arguments)
    return guarded


def run(*command, cwd=ROOT, **more):
    """Returns the output of a command; a command that fails fails the test, with its output."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, **more)
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout


def tool(name, *elsewhere):
    """Returns the path of a command; skips the test without it."""
    found = shutil.which(name) or next((path for path in elsewhere if os.access(path, os.X_OK)), None)
    if not found:
        pytest.skip(f"no {name} here")
    return found


def newer(name, text, least):
    """Skips when the first version in a tool's text is older than `least`, (major, minor)."""
    version = tuple(map(int, re.search(r"(\d+)\.(\d+)", text).groups()))
    if version < least:
        pytest.skip(f"{name} {version[0]}.{version[1]} is older than {least[0]}.{least[1]}")


def go():
    found = tool("go", "/usr/local/go/bin/go")
    newer("Go", run(found, "version"), (1, 24))
    return found


def go_install(package, directory):
    """Returns the command that `go install` builds from a package with a version."""
    run(go(), "install", package, env={**os.environ, "CGO_ENABLED": "0", "GOBIN": str(directory)})
    return directory / re.sub(r"/v\d+$", "", package.partition("@")[0]).rpartition("/")[2]


def go_module(module):
    """Returns the folder of a module with a version in Go's cache."""
    listed = run(go(), "mod", "download", "-json", module, env={**os.environ, "GOFLAGS": "-mod=mod"})
    return pathlib.Path(json.loads(listed)["Dir"])


@one_at_a_time
def python_with(requirements, directory):
    """Returns a Python that has the packages of a requirements file and those of Debian."""
    wanted = pathlib.Path(requirements).read_text()
    stamp = directory / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        run("/usr/bin/python3", "-m", "venv", "--clear", "--system-site-packages", directory)
        run(directory / "bin/pip", "install", "--quiet", "--requirement", requirements)
        stamp.write_text(wanted)
    return directory / "bin/python"
