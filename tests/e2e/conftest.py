# SPDX-License-Identifier: MIT
"""Every test of this folder drives the real binary between a real client and a scripted TLS upstream."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.certificate import make_certificate
from support.chaos import Chaos
from support.secret import TokenFile
from support.sidecar import BINARY, Sidecar
from support.upstream import Upstream


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} does not exist: build it first, or set APIG_SIDECAR_BINARY", 1)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def upstream(certificate):
    made = Upstream(certificate)
    yield made
    made.close()
    made.check()


@pytest.fixture
def counting(certificate):
    """An upstream that records created groups and the names that came twice."""
    made = Chaos(certificate, seed=None)
    yield made
    made.close()


@pytest.fixture
def token(tmp_path):
    return TokenFile(tmp_path / "token")


@pytest.fixture
def start(upstream, token):
    """Starts sidecars; after the test each is stopped and must end with 0."""
    started = []

    def start(*options, ready=True, **more):
        sidecar = Sidecar(**{"upstream": upstream, "token_file": token.path, "options": options, **more})
        started.append(sidecar)
        return sidecar.ready() if ready else sidecar
    yield start
    try:
        for sidecar in started:
            sidecar.stop()
    finally:
        for sidecar in started:
            sidecar.kill()


@pytest.fixture
def sidecar(start):
    return start()


@pytest.fixture
def client(sidecar):
    return sidecar.client()
