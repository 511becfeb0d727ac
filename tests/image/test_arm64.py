# SPDX-License-Identifier: MIT
"""Is the image for arm64 in a multi-arch archive the same as that for amd64, but for its program?"""
import hashlib

from test_image import COMPRESSED_BYTES, CONTENT, SOURCES

from support.toolchain import run


def test_the_image_says_for_which_processor_it_is(arm64):
    assert (arm64.config["os"], arm64.config["architecture"]) == ("linux", "arm64")


def test_the_image_is_small_and_holds_the_same_files(arm64):
    with arm64.open_layer() as layer:
        assert {member.name: member.mode & 0o7777 for member in layer.getmembers()} == CONTENT
    assert sum(layer["size"] for layer in arm64.layers) <= COMPRESSED_BYTES


def test_the_image_has_a_bill_of_materials_of_its_own(arm64):
    digest = "sha256:" + hashlib.sha256(arm64.bill_path.read_bytes()).hexdigest()
    assert arm64.config["config"]["Labels"]["apig-sidecar.sbom.spdx.digest"] == digest
    assert {package["name"] for package in arm64.bill["packages"]} == {"apig-sidecar", *SOURCES}


def test_the_program_is_static_and_hardened(arm64, tmp_path):
    arm64.unpack(tmp_path)
    told = run("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", tmp_path / "apig-sidecar")
    assert "AArch64" in told and "DYN (Position-Independent Executable file)" in told
    assert "INTERP" not in told and "(NEEDED)" not in told and "GNU_RELRO" in told
