# SPDX-License-Identifier: MIT
"""Do the files keep the project's habits?"""
import os
import re
import shutil
import subprocess

import pytest
from sources import ROOT, c_sources, files, lines, program_sources, read

FUNCTION_LINES = 60
FILE_LINES = 400
SPDX = {"c": "/* SPDX-License-Identifier: MIT */", "h": "/* SPDX-License-Identifier: MIT */",
        "proto": "// SPDX-License-Identifier: MIT"}
FORBIDDEN = re.compile(r"TODO|FIXME|\bXXX\b|HACK|#if 0|\bissue #?\d|\bgoto\b")
SCRIPTS = [path for path in files("tests", "deploy", ".ci")
           if os.access(ROOT / path, os.X_OK) or path.endswith((".py", ".sh"))]


@pytest.mark.parametrize("path", files("*.c", "*.h", "*.proto", "*.py", "*.cmake", "*CMakeLists.txt") + SCRIPTS)
def test_a_file_names_its_licence_at_its_top(path):
    expected = SPDX.get(path.rpartition(".")[2], "# SPDX-License-Identifier: MIT")
    assert expected in read(path).splitlines()[:2]


def functions(path):
    """(first line, count of lines) of each function: from its signature to the brace that ends it."""
    start = None
    for number, line in lines(path):
        if re.match(r"[A-Za-z_].*\(", line) and not line.endswith(";") and "=" not in line.partition("(")[0]:
            start = number
        elif line == "}" and start:
            yield start, number - start + 1
            start = None


@pytest.mark.parametrize("path", [path for path in c_sources() if path.endswith(".c")])
def test_a_function_is_short(path):
    long = [f"{path}:{start}: {count} lines" for start, count in functions(path) if count > FUNCTION_LINES]
    assert not long


@pytest.mark.parametrize("path", files("*.c", "*.h", "*.py"))
def test_a_file_is_short(path):
    assert len(read(path).splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", [path for path in program_sources() if "memory_order_relaxed" in read(path)])
def test_a_relaxed_access_says_why_it_suffices(path):
    assert re.search(r"\b[Rr]elaxed\b", read(path)), f"{path}: a comment says why no other memory depends on the order"


def test_no_file_has_open_work_or_commented_out_code():
    own = "tests/lint/test_sources.py"
    left = [f"{path}:{number}: {line.strip()}" for path in files("*.c", "*.h", "*.proto", "*.py", "*.sh") + SCRIPTS
            if path != own for number, line in lines(path) if FORBIDDEN.search(line)]
    assert not left


def test_the_format_is_clang_formats():
    wrong = subprocess.run(["clang-format", "--dry-run", "--Werror", *c_sources()], cwd=ROOT, capture_output=True, text=True)
    assert wrong.returncode == 0, wrong.stderr[:4000]


@pytest.mark.parametrize("path", [path for path in program_sources() if path.endswith(".h")])
def test_a_header_compiles_alone(path, generated_headers):
    if path.endswith("banned.h"):
        pytest.skip("it poisons what other headers declare, and stands last")
    command = ["gcc", "-fsyntax-only", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
               "-Isidecar", "-isystem", generated_headers, "-x", "c", "-"]
    source = f'#include "{path.removeprefix("sidecar/")}"\n'
    ended = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_scripts_are_well_formed():
    for path in SCRIPTS:
        if read(path).startswith(("#!/bin/bash", "#!/usr/bin/env bash")):
            subprocess.run(["bash", "-n", ROOT / path], check=True)
        elif "python3" in read(path).partition("\n")[0] or path.endswith(".py"):
            compile(read(path), path, "exec")


PACKAGE_LISTS = [path.rpartition("/")[2] for path in files("deploy/packages/*.txt")]


@pytest.mark.parametrize("name", PACKAGE_LISTS)
def test_package_lists_are_sorted_and_name_each_once(name):
    names = read(f"deploy/packages/{name}").split()
    assert names == sorted(set(names))


def test_packages_exist():
    if not shutil.which("apt-cache"):
        pytest.skip("no apt here")
    names = [name for list in PACKAGE_LISTS for name in read(f"deploy/packages/{list}").split()]
    known = subprocess.run(["apt-cache", "show", "--no-all-versions", *names], capture_output=True, text=True)
    missing = set(names) - set(re.findall(r"^Package: (\S+)$", known.stdout, re.M))
    assert not missing
