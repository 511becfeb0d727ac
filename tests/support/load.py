# SPDX-License-Identifier: MIT
"""Callers that keep a sidecar busy."""
import concurrent.futures
import itertools
import threading

import grpc

from support.client import Client

CALLERS, CONNECTIONS = 16, 4


class Load:
    """Callers that call again as soon as they get a response, with a new name for each call. `good` has the names of
    successful calls, `failed` those of others with their errors."""

    def __init__(self, address, options=(), credentials=None):
        self.clients = [Client(address, options, credentials) for _ in range(CONNECTIONS)]
        self.numbers = itertools.count()
        self.good, self.failed = set(), {}
        self.changed, self.ending = threading.Condition(), False
        self.callers = concurrent.futures.ThreadPoolExecutor(CALLERS)
        self.turns = [self.callers.submit(self.run, self.clients[i % CONNECTIONS]) for i in range(CALLERS)]

    def run(self, client):
        while not self.ending:
            name = f"group_{next(self.numbers)}"
            try:
                client.create(name, wait_for_ready=True)
            except grpc.RpcError as error:
                self.failed[name] = error
            else:
                with self.changed:
                    self.good.add(name)
                    self.changed.notify_all()

    def wait(self, more):
        with self.changed:
            wanted = len(self.good) + more
            assert self.changed.wait_for(lambda: len(self.good) >= wanted, 60), f"{len(self.good)} of {wanted}: {self.failed}"

    def end(self):
        self.ending = True
        for turn in self.turns:
            turn.result(60)
        for client in self.clients:
            client.close()
