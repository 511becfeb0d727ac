# SPDX-License-Identifier: MIT
"""Is the image of deploy/image small, reproducible and ready for a pod? Nothing here needs a container engine."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.image import Image
from support.toolchain import ROOT

FILE = pathlib.Path(os.environ.get("APIG_SIDECAR_IMAGE", ROOT / "build/apig-sidecar.oci")).resolve()


def pytest_sessionstart(session):
    if not FILE.exists():
        pytest.exit(f"{FILE} does not exist: build it with deploy/image, or set APIG_SIDECAR_IMAGE", 1)


@pytest.fixture(scope="session")
def image():
    return Image(FILE)


@pytest.fixture(scope="session")
def arm64():
    if "arm64" not in Image(FILE).architectures:
        pytest.skip("the archive has no image for arm64: build it with deploy/image --arch=amd64,arm64")
    return Image(FILE, "arm64")


@pytest.fixture(scope="session")
def root(image, tmp_path_factory):
    """The image's root file system, unpacked."""
    made = tmp_path_factory.mktemp("root")
    image.unpack(made)
    return made
