# SPDX-License-Identifier: MIT
"""Are the manifests valid for a cluster and for the program? Nothing here needs a cluster."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.toolchain import ROOT, python_with


@pytest.fixture(scope="session")
def python_tools():
    """The folder of the commands that requirements.txt installs."""
    return python_with(ROOT / "tests/deploy/requirements.txt", ROOT / "build/deploy/python").parent
