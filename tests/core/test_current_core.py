# SPDX-License-Identifier: MIT
"""Do the sources compile against the headers of a current C-core, so that the program can leave the release that Debian has?"""
import pathlib
import re
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS, GENERATED = ROOT / "build/core", ROOT / "build/release/proto/c"
USES_CORE = re.compile(r'#include (<grpc/(?!.*pb-c)|"server/|"grpc_client)')
SOURCES = sorted(str(path.relative_to(ROOT)) for folder in ("sidecar/server", "sidecar/client", "tests/unit/server")
                 for path in (ROOT / folder).glob("*.c") if USES_CORE.search(path.read_text()))


@pytest.fixture(scope="session")
def headers():
    """The folder of the headers, from PyPI."""
    requirements = (pathlib.Path(__file__).parent / "requirements.txt").read_text()
    stamp = HEADERS / "requirements.txt"
    if not GENERATED.exists():
        pytest.skip("the release preset is not built")
    if not stamp.exists() or stamp.read_text() != requirements:
        HEADERS.mkdir(parents=True, exist_ok=True)
        name = requirements.splitlines()[-1]
        got = subprocess.run(["/usr/bin/python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "grpcio",
                              "--dest", HEADERS, name], capture_output=True, text=True)
        if got.returncode:
            pytest.skip(f"no source of {name} to be had: {got.stderr[-500:]}")
        [archive] = HEADERS.glob("grpcio-*.tar.gz")
        with tarfile.open(archive) as content:
            content.extractall(HEADERS, [each for each in content if "/include/grpc/" in each.name])
        archive.unlink()
        stamp.write_text(requirements)
    [include] = HEADERS.glob("grpcio-*/include")
    return include


@pytest.mark.parametrize("path", SOURCES)
def test_a_source_compiles_against_a_current_core(path, headers):
    ended = subprocess.run(["gcc", "-fsyntax-only", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-isystem", headers,
                            "-Isidecar", "-Itests/support", "-isystem", GENERATED, '-DTESTS_DIR="tests"', path],
                           cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
