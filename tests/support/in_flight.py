# SPDX-License-Identifier: MIT
"""Calls that are in flight all the time."""
import collections
import threading


class InFlight:
    """Keeps `count` calls of a client in flight until end(): each that ends is followed by another one. `good` counts those
    that succeeded, `failed` has the others by their code and message. The deadline is the longest that the sidecar allows, so
    that a slow machine fails no call."""

    def __init__(self, client, count, timeout=120):
        self.client, self.timeout = client, timeout
        self.good, self.failed = 0, collections.Counter()
        self.running, self.ending, self.changed = count, False, threading.Condition()
        for _ in range(count):
            self.start()

    def start(self):
        self.client.start(timeout=self.timeout).add_done_callback(self.ended)

    def ended(self, call):
        failure = call.exception()
        with self.changed:
            if failure:
                self.failed[call.code().name, call.details()] += 1
            else:
                self.good += 1
            ending = self.ending
            self.running -= ending
            self.changed.notify_all()
        if not ending:
            self.start()

    def wait(self, more):
        """Waits until as many more calls have succeeded."""
        with self.changed:
            wanted = self.good + more
            assert self.changed.wait_for(lambda: self.good >= wanted, self.timeout), f"{self.good} of {wanted}: {self.failed}"

    def end(self):
        """Waits for all calls."""
        with self.changed:
            self.ending = True
            assert self.changed.wait_for(lambda: not self.running, self.timeout + 10), f"{self.running} calls do not end"
