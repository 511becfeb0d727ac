# SPDX-License-Identifier: MIT
"""Do `cmake --install` and `cpack` give a program with its documents, as README says?"""
import re
import shutil
import subprocess

import pytest

from support.sidecar import BINARY
from support.toolchain import ROOT, run, tool

FILES = ["bin/apig-sidecar", "share/apig-sidecar/proto/huaweicloud/apig/v2/api_group_service.proto",
         "share/bash-completion/completions/apig-sidecar", "share/man/man8/apig-sidecar.8"]
BUILD = ROOT / "build/release"


@pytest.fixture(autouse=True)
def built():
    if not BINARY.exists() or BINARY.parent != BUILD:
        pytest.skip("the release preset is not built")


@pytest.fixture
def installed(tmp_path):
    run("cmake", "--install", BUILD, "--prefix", tmp_path)
    return tmp_path


def test_program_and_documents_are_installed(installed):
    for path in FILES:
        assert (installed / path).is_file(), path
    assert run(installed / "bin/apig-sidecar", "version").startswith("apig-sidecar ")


def test_the_man_page_is_well_formed_and_has_each_option(installed):
    page = installed / "share/man/man8/apig-sidecar.8"
    written = page.read_text().replace("\\-", "-")
    options = re.findall(r"^  (--[a-z-]+)", run(BINARY, "help"), re.MULTILINE)
    assert len(options) > 30 and all(option in written for option in options)
    assert "\n.SS call\n" in written and "\n  --ca-file FILE" in written and ".SS serve" not in written
    if shutil.which("groff"):
        shown = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], capture_output=True, text=True)
        assert shown.returncode == 0 and not shown.stderr


@pytest.mark.parametrize("typed,completed", [("ser", "serve"), ("--token-f", "--token-file"), ("call --ca", "--ca-file"),
                                             ("proto", "protos")])
def test_bash_completes_commands_and_options(installed, typed, completed):
    script = f'. {installed}/share/bash-completion/completions/apig-sidecar; COMP_WORDS=(apig-sidecar {typed}); ' \
             f'COMP_CWORD={len(typed.split())}; _apig_sidecar {installed}/bin/apig-sidecar; printf "%s\\n" "${{COMPREPLY[@]}}"'
    assert run("bash", "-c", script).split() == completed.split()


def test_the_package_has_the_files_and_its_dependencies(tmp_path):
    tool("dpkg-shlibdeps")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", tmp_path)
    [package] = tmp_path.glob("*.deb")
    listed = run("dpkg-deb", "--contents", package)
    assert all(f"./usr/{path}" in listed for path in FILES)
    assert "libgrpc29" in run("dpkg-deb", "--field", package, "Depends")
