# SPDX-License-Identifier: MIT
"""Does README tell the truth about the options?"""
import subprocess

import pytest
from sources import BINARY, read


def test_readmes_table_of_options_is_the_programs_own():
    if not BINARY.exists():
        pytest.skip("the program is not built")
    table = read("README.md").partition("<!-- options")[2].partition("-->\n")[2].partition("<!-- /options -->")[0]
    told = subprocess.run([BINARY, "help", "--markdown"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert table.strip() == told.strip()
