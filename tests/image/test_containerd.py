# SPDX-License-Identifier: MIT
"""Does a kubelet find the image by its short name after `ctr images import`, as deploy/README says?"""
import os
import re
import subprocess
import time

import grpc
import pytest

from support.toolchain import ROOT, tool

SECONDS = 60
VERSION = re.search(r"^project\(\S+ VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
CONFIG = """version = 2
root = "{0}/root"
state = "{0}/state"
[grpc]
  address = "{0}/socket"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
"""


@pytest.fixture
def containerd(tmp_path):
    """Returns the socket of a containerd of its own."""
    if os.geteuid() != 0:
        pytest.skip("containerd is run by root")
    command, config = tool("containerd"), tmp_path / "config.toml"
    config.write_text(CONFIG.format(tmp_path))
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([command, "--config", config], stdout=log, stderr=log)
    until = time.monotonic() + SECONDS
    while "containerd successfully booted" not in (tmp_path / "log").read_text():
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            pytest.skip("containerd does not start here: " + (tmp_path / "log").read_text()[-200:])
        time.sleep(0.1)
    yield tmp_path / "socket"
    process.terminate()
    process.wait(SECONDS)


def field(content):
    """Field 1 of a message, of at most 127 bytes."""
    return b"\x0a" + bytes([len(content)]) + content


def image_status(socket, name):
    """The response of the runtime interface's ImageStatus, as kubelet asks; empty without such an image."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        ask = channel.unary_unary("/runtime.v1.ImageService/ImageStatus")
        return ask(field(field(name.encode())), timeout=SECONDS)


def test_the_runtime_finds_the_imported_image_by_its_name(containerd, image):
    name = f"apig-sidecar:{VERSION}"
    before = image_status(containerd, name)
    subprocess.run(["ctr", "--address", containerd, "--namespace", "k8s.io", "images", "import", "--snapshotter", "native",
                    image.path], check=True, capture_output=True, timeout=SECONDS)
    after = image_status(containerd, name)
    assert not before and f"docker.io/library/{name}".encode() in after
