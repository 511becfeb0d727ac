# SPDX-License-Identifier: MIT
"""A caller on another connection that keeps calling while others misbehave; all its calls must succeed."""
import contextlib
import threading

from support.client import Client


@contextlib.contextmanager
def bystander(sidecar, least=5):
    """Calls one after the other from entry to exit, `least` times at least; fails when any of them did."""
    client, over, failures, calls = Client(sidecar.address), threading.Event(), [], 0
    started = threading.Event()

    def run():
        nonlocal calls
        while not over.is_set() or calls < least:
            failure = client.start(f"bystander_{calls}").exception()
            failures.extend([failure] if failure else [])
            calls += 1
            started.set()
    thread = threading.Thread(target=run)
    thread.start()
    started.wait(60)
    try:
        yield
    finally:
        over.set()
        thread.join()
        client.close()
    assert not failures, f"{len(failures)} of {calls} calls of a bystander failed, the first with {failures[0]}"
