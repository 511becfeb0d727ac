# SPDX-License-Identifier: MIT
"""Is the image small, reproducible and minimal, and is its bill of materials accurate?"""
import hashlib
import json
import re
import shutil
import statistics
import subprocess
import time

import pytest

from support.image import Image
from support.toolchain import ROOT, python_with, run

COMPRESSED_BYTES = 8_000_000
START_MS = 20
IDLE_RSS_KB = 12 * 1024
STARTS = 9
GUARD = 10  # a loaded machine may take this many times as long

CONTENT = {
    "apig-sidecar": 0o755, "dev": 0o755, "etc": 0o755, "etc/nsswitch.conf": 0o644, "etc/passwd": 0o644, "etc/ssl": 0o755,
    "etc/ssl/certs": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o644, "proc": 0o755, "run": 0o755, "sys": 0o755,
    "tmp": 0o1777,
}
SOURCES = {
    "abseil", "c-ares", "ca-certificates", "curl", "gcc-12", "glibc", "grpc", "grpc-proto", "libevent",
    "nghttp2", "openssl", "pcre2", "protobuf", "protobuf-c", "re2", "utf8proc", "zlib",
}


def tell(capsys, text):
    with capsys.disabled():
        print(f"\nimage: {text}")


def test_the_images_compressed_layers_are_small(image, capsys):
    size = sum(layer["size"] for layer in image.layers)
    tell(capsys, f"{size / 1e6:.1f} MB compressed, {COMPRESSED_BYTES / 1e6:.0f} MB allowed")
    assert size <= COMPRESSED_BYTES


def test_the_image_holds_the_program_and_the_files_that_it_reads_and_nothing_else(image):
    with image.open_layer() as layer:
        members = layer.getmembers()
    assert {member.name: member.mode & 0o7777 for member in members} == CONTENT
    assert {(member.uid, member.gid) for member in members} == {(0, 0)}
    assert len({member.mtime for member in members}) == 1


def test_the_image_runs_the_program_as_65532(image):
    config = image.config["config"]
    assert (config["User"], config["Entrypoint"]) == ("65532", ["/apig-sidecar"])
    assert not {"Cmd", "Healthcheck", "Volumes", "ExposedPorts"} & config.keys()


def test_the_images_labels_describe_it(image):
    labels = image.config["config"]["Labels"]
    version = re.search(r"^project\(\S+ VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
    assert labels["org.opencontainers.image.title"] == "apig-sidecar"
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.revision"]
    assert labels["apig-sidecar.sbom.spdx.digest"] == "sha256:" + hashlib.sha256(image.bill_path.read_bytes()).hexdigest()


def test_the_program_needs_no_library_and_is_hardened(root):
    told = run("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", root / "apig-sidecar")
    assert "DYN (Position-Independent Executable file)" in told
    assert "INTERP" not in told and "(NEEDED)" not in told
    assert re.search(r"FLAGS_1.*NOW PIE", told) and "GNU_RELRO" in told
    assert re.search(r"GNU_STACK .* RW ", told)


def test_no_path_of_the_builder_is_left(root):
    content = (root / "apig-sidecar").read_bytes()
    assert str(ROOT).encode() not in content and b"/source/" not in content


@pytest.fixture(scope="session")
def spdx_python():
    return python_with(ROOT / "tests/image/requirements.txt", ROOT / "build/image-tests/python")


def test_the_bill_of_materials_is_valid(image, spdx_python):
    assert run(spdx_python, ROOT / "tests/image/validate_spdx.py", image.bill_path) == ""


def test_the_bill_of_materials_names_every_source_package(image):
    assert {package["name"] for package in image.bill["packages"]} == {"apig-sidecar", *SOURCES}


@pytest.mark.parametrize("source,pattern", [
    ("openssl", rb"OpenSSL (\d+\.\d+\.\d+) "), ("zlib", rb" inflate ([\d.]+) "), ("curl", rb"/curl-(\S+?)/lib/"),
    ("libevent", rb"(\d+\.\d+\.\d+-stable)\0"), ("gcc-12", rb"GCC: \(Debian (\S+)\)"),
])
def test_the_bill_of_materials_has_the_versions_that_the_program_has(image, root, source, pattern):
    [listed] = [package["versionInfo"] for package in image.bill["packages"] if package["name"] == source]
    linked = {found.decode() for found in re.findall(pattern, (root / "apig-sidecar").read_bytes())}
    assert len(linked) == 1
    assert listed.rpartition(":")[2].startswith(*linked)


@pytest.fixture
def elsewhere():
    """A copy of the project's files, removed after the test because its build takes a gigabyte."""
    place = ROOT / "build/image-tests/elsewhere"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for path in filter(None, listed.split("\0")):
        if (ROOT / path).is_file():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, place / path)
    yield place
    shutil.rmtree(place)


def test_a_second_build_elsewhere_gives_the_same_bytes(image, elsewhere):
    archive = elsewhere / "second.oci"
    built = subprocess.run([elsewhere / "deploy/image", archive], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    second = Image(archive)
    if second.bill["packages"] != image.bill["packages"]:
        pytest.skip("Debian's archive has changed since the first build")
    assert second.bill_path.read_bytes() == image.bill_path.read_bytes()
    assert second.layers == image.layers


def test_the_bill_of_materials_names_debians_release_and_has_the_text_of_each_licence(image):
    texts = {each["licenseId"]: each["extractedText"] for each in image.bill["hasExtractedLicensingInfos"]}
    packages = [package for package in image.bill["packages"] if package["name"] != "apig-sidecar"]
    for package in packages:
        [purl] = [reference["referenceLocator"] for reference in package["externalRefs"]]
        assert purl.endswith("?arch=source&distro=debian-12")
        assert len(texts[package["licenseDeclared"]]) > 500
    [openssl] = [package for package in packages if package["name"] == "openssl"]
    assert "Apache-2.0" in openssl["licenseComments"]


class Started:
    """Starts an idle program; returns the time from exec to listening."""

    def __init__(self, root, token):
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [root / "apig-sidecar", "serve", "--listen=127.0.0.1:0", "--monitor=127.0.0.1:0", "--admin=127.0.0.1:0",
             "--upstream=https://localhost:1", f"--token-file={token}", "--log-format=json"],
            stderr=subprocess.PIPE, env={})
        while json.loads(self.process.stderr.readline()).get("event") != "listening":
            pass
        self.start_ms = (time.monotonic() - begun) * 1000

    def rss_kb(self):
        status = open(f"/proc/{self.process.pid}/status", encoding="ascii").read()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1])

    def stop(self):
        self.process.terminate()
        self.process.stderr.close()
        assert self.process.wait(60) == 0


def test_the_program_starts_quickly_and_idles_small(root, tmp_path, capsys):
    token = tmp_path / "token"
    token.write_text("a-token")
    starts, sizes = [], []
    for _ in range(STARTS):
        started = Started(root, token)
        starts.append(started.start_ms)
        sizes.append(started.rss_kb())
        started.stop()
    tell(capsys, f"listening {statistics.median(starts):.1f} ms after exec, idle RSS {max(sizes) / 1024:.1f} MB")
    assert min(starts) <= START_MS * GUARD
    assert max(sizes) <= IDLE_RSS_KB
