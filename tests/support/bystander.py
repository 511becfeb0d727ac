# SPDX-License-Identifier: MIT
"""A caller on another connection that keeps calling while others misbehave; all its calls must succeed."""
import contextlib
import threading
import time

from support.client import Client


class Bystander:
    """`seconds` has the durations of its calls."""

    def __init__(self):
        self.seconds = []

    @property
    def slowest(self):
        return max(self.seconds)


@contextlib.contextmanager
def bystander(sidecar, least=5, address=None):
    """Calls one after the other from entry to exit, `least` times at least; fails when any of them did."""
    client, over, failures, seen = Client(address or sidecar.address), threading.Event(), [], Bystander()
    started = threading.Event()

    def run():
        while not over.is_set() or len(seen.seconds) < least:
            began = time.monotonic()
            failure = client.start(f"bystander_{len(seen.seconds)}").exception()
            failures.extend([failure] if failure else [])
            seen.seconds.append(time.monotonic() - began)
            started.set()
    thread = threading.Thread(target=run)
    thread.start()
    started.wait(60)
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        client.close()
    assert not failures, f"{len(failures)} of {len(seen.seconds)} calls of a bystander failed, the first with {failures[0]}"
