# SPDX-License-Identifier: MIT
"""Are the tables of options and statuses in the pages those of the program?"""
import re
import subprocess

import pytest
from sources import BINARY, ROOT, files, read


def told(what):
    return subprocess.run([BINARY, "help", what], check=True, stdout=subprocess.PIPE, text=True).stdout


def test_readmes_table_of_options_equals_the_programs():
    if not BINARY.exists():
        pytest.skip("the program is not built")
    table = read("README.md").partition("<!-- options")[2].partition("-->\n")[2].partition("<!-- /options -->")[0]
    assert table.strip() == told("--markdown").strip()


def test_the_page_of_statuses_equals_the_programs():
    if not BINARY.exists():
        pytest.skip("the program is not built")
    tables = read("docs/statuses.md").partition("<!-- written by")[2].partition("-->\n")[2]
    assert tables.strip() == told("--statuses").strip()


def test_readmes_table_of_reasons_equals_the_programs_last_one():
    if not BINARY.exists():
        pytest.skip("the program is not built")
    table = told("--statuses").rpartition("\n\n")[2].strip()
    reasons = re.findall(r"row\(\s*(\w+),", read("sidecar/base/reason.h"))
    assert [line.split()[1] for line in table.splitlines()[2:]] == [f"`{reason}`" for reason in reasons]
    assert table in read("README.md")


@pytest.mark.parametrize("page", files("*.md"))
def test_a_page_links_to_files_that_exist(page):
    folder = (ROOT / page).parent
    links = [link for link in re.findall(r"\]\(([^)#]+)[)#]", read(page)) if "://" not in link]
    assert not [link for link in links if not (folder / link).exists()]


def test_architecture_names_files_that_exist():
    paths = set(re.findall(r"`([\w./-]+/[\w.-]+|[\w-]+\.[ch])`", read("ARCHITECTURE.md")))
    assert len(paths) > 40
    assert not [path for path in paths if not (ROOT / path).exists() and not (ROOT / "sidecar" / path).exists()]
