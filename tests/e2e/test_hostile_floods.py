# SPDX-License-Identifier: MIT
"""While a peer floods the sidecar in the memory of a small pod, are others served without delay, and is the memory given back?"""
import contextlib
import pathlib
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest

from support.bystander import bystander
from support.cgroup import limited, manifest_limit
from support.flood import FLOODS
from support.process import status
from support.secret import TokenFile
from support.sidecar import ROOT, Sidecar
from support.upstream import Upstream, response

MOST, DENIED = 96 << 10, 8 << 10  # KiB of RSS; KiB that denied calls may take
GIVEN_BACK = 1.2  # RSS after the floods ÷ before
SECONDS, LATER, LONGEST_DELAY, CALLS = 3, 60, 1.0, 100
THROUGH_TLS = ["empty DATA", "unknown frames", "references without end"]


@pytest.fixture(scope="module")
def quick(certificate):
    made = Upstream(certificate)
    made.always = response()
    yield made
    made.close()
    made.check()


@dataclass(frozen=True)
class Place:
    """A sidecar in a group of its own, and the address of a listener that is not flooded; `idle` is its RSS after some calls, in
    KiB."""
    sidecar: Sidecar
    other: str
    idle: int


def warmed(sidecar, other):
    with bystander(sidecar, CALLS, other):
        pass
    return Place(sidecar, other, status(sidecar.process, "VmRSS"))


@pytest.fixture(scope="module")
def places(quick, certificate, tmp_path_factory):
    """One with a plaintext listener and one with TLS, for all tests."""
    folder, made = tmp_path_factory.mktemp("floods"), {}
    token = TokenFile(folder / "token").path
    tls = [f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}"]
    with contextlib.ExitStack() as ended:
        for kind, options in (("plaintext", []), ("tls", tls)):
            unix = f"unix:{folder}/{kind}"
            sidecar = Sidecar(quick, token, options=["--log-sample=0", f"--listen={unix}", *options],
                              prefix=ended.enter_context(limited(manifest_limit(), kind)))
            ended.callback(sidecar.kill)
            made[kind] = warmed(sidecar.ready(), unix)
        yield made
        for place in made.values():
            place.sidecar.stop()


class Liveness:
    """Asks /livez ten times a second from entry to exit; each answer has to be good."""

    def __init__(self, sidecar):
        self.sidecar, self.over, self.answers = sidecar, threading.Event(), []
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(0.1):
            self.answers.append(self.sidecar.ask("/livez", port="monitor")[0])

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert set(self.answers) == {200}


def flood(name, address, *flags):
    """Floods for SECONDS, by a process of its own."""
    ended = subprocess.run([sys.executable, ROOT / "tests/support/flood.py", name, address, str(SECONDS), *flags],
                           stdout=subprocess.PIPE, text=True, timeout=20 * SECONDS)
    assert ended.returncode == 0 and int(ended.stdout) > 0


def peak(process):
    """Returns the largest RSS since the last call, in KiB."""
    most = status(process, "VmHWM")
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return most


def check(flooded, usual, name, *flags):
    """Calls to the other sidecar at the same time show how slow calls are because the machine is busy."""
    sidecar = flooded.sidecar
    peak(sidecar.process)
    with Liveness(sidecar), bystander(usual.sidecar, CALLS, usual.other) as elsewhere, \
            bystander(sidecar, CALLS, flooded.other) as beside:
        flood(name, sidecar.address, *flags)
    assert beside.slowest <= elsewhere.slowest + LONGEST_DELAY
    assert peak(sidecar.process) <= MOST


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_delays_no_other_and_takes_bounded_memory(places, name):
    check(places["plaintext"], places["tls"], name)


@pytest.mark.parametrize("name", THROUGH_TLS)
def test_a_flood_through_tls_delays_no_other_and_takes_bounded_memory(places, name):
    check(places["tls"], places["plaintext"], name, "tls")


@pytest.mark.parametrize("kind", ["plaintext", "tls"])
def test_the_memory_of_all_floods_is_given_back(places, kind):
    place, end = places[kind], time.monotonic() + LATER
    while (rss := status(place.sidecar.process, "VmRSS")) > GIVEN_BACK * place.idle:
        assert time.monotonic() < end, f"{rss} KiB of {place.idle} KiB when idle"
        time.sleep(0.5)


def test_messages_of_a_caller_that_is_not_allowed_take_no_memory(start, tmp_path):
    unix = f"unix:{tmp_path}/socket"
    sidecar = start(f"--listen={unix}", "--allow-callers=uid:4294967294", "--log-sample=0")
    before = status(sidecar.process, "VmRSS")
    with Liveness(sidecar):
        flood("messages of 1 MB", unix)
    assert status(sidecar.process, "VmHWM") <= before + DENIED
