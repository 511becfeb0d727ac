# SPDX-License-Identifier: MIT
"""The lint preset's build folder, configured with the generated headers and nothing compiled."""
import subprocess

import pytest
from sources import ROOT


@pytest.fixture(scope="session")
def lint_build():
    build = ROOT / "build/lint"
    for command in (["cmake", "--preset", "lint"], ["cmake", "--build", build, "--target", "infrastructure_protos"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return build


@pytest.fixture(scope="session")
def generated_headers(lint_build):
    return lint_build / "proto/c"
