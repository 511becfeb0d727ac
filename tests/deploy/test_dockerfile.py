# SPDX-License-Identifier: MIT
"""Does hadolint find a fault in the Dockerfile?"""
import subprocess

import pytest

from support.toolchain import ROOT


def test_the_dockerfile_has_no_known_fault(python_tools):
    if not (ROOT / "Dockerfile").exists():
        pytest.skip("no Dockerfile here")
    checked = subprocess.run([python_tools / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
