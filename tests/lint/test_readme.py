# SPDX-License-Identifier: MIT
"""Does README tell the truth about the options?"""
import re
import subprocess

import pytest
from sources import BINARY, ROOT

README = ROOT / "README.md"
ROW = re.compile(r"^\| *`?(--[a-z-]+)", re.M)


def options_of(text):
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)))


def test_readme_has_the_options_that_the_program_has():
    if not README.exists():
        pytest.skip("no README yet")
    documented = ROW.findall(README.read_text(encoding="utf-8"))
    if not documented:
        pytest.skip("README has no table of options yet")
    if not BINARY.exists():
        pytest.skip("the program is not built")
    told = subprocess.run([BINARY, "--help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert sorted(documented) == options_of(told)
