# SPDX-License-Identifier: MIT
"""The files that the checks of this folder read."""
import functools
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("APIG_SIDECAR_BINARY", ROOT / "build/release/apig-sidecar"))


@functools.lru_cache(None)
def files(*patterns):
    """Paths below ROOT of the files that belong to the project, new ones included."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
                            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


@functools.lru_cache(None)
def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def lines(path):
    return enumerate(read(path).splitlines(), 1)


def program_sources():
    return files("sidecar/*.c", "sidecar/*.h")


def c_sources():
    return files("sidecar/*.c", "sidecar/*.h", "tests/*.c", "tests/*.h")


def includes(path):
    """Returns (line number, included file) of each #include."""
    return [(number, match[1]) for number, line in lines(path)
            if (match := re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line))]
