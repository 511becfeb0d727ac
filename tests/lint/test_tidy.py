# SPDX-License-Identifier: MIT
"""Does clang-tidy find nothing? .clang-tidy has its checks and their reasons."""
import os
import re
import subprocess

from sources import ROOT, files


def test_clang_tidy_finds_nothing(lint_build):
    sources = [str(ROOT / path) for path in files("sidecar/*.c")]
    ended = subprocess.run(["run-clang-tidy", "-quiet", "-p", lint_build, f"-j{os.cpu_count()}", *sources],
                           cwd=ROOT, capture_output=True, text=True)
    told = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout)
    found = [line for line in told.splitlines() if ": error: " in line or ": warning: " in line]
    assert not found, "\n".join(sorted(set(found)))
    assert ended.returncode == 0, told[-4000:] + ended.stderr[-4000:]
