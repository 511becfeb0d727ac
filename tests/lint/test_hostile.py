# SPDX-License-Identifier: MIT
"""Does the page of hostile callers list the faults and floods that the tests send?"""
import re
import sys

import pytest
from sources import ROOT, read

sys.path.insert(0, str(ROOT / "tests"))
from support import hostile

PAGE = "docs/hostile.md"


def test_the_page_has_the_table_of_faults():
    if not hostile.PROGRAM.exists():
        pytest.skip("the tests are not built")
    table = read(PAGE).partition("<!-- faults")[2].partition("-->\n")[2].partition("<!-- /faults -->")[0]
    assert table.strip() == hostile.markdown()


def test_the_page_lists_the_floods():
    sent = re.findall(r'^    "([^"]+)": \(\d+, ', read("tests/support/flood.py"), re.M)
    listed = [cells[0] for line in read(PAGE).partition("## Floods")[2].splitlines()
              if (cells := line.strip("| ").split(" | ")) and line.startswith("|")]
    assert sent and listed[2:] == sent
