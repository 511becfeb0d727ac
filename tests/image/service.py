# SPDX-License-Identifier: MIT
"""
service.py TARGET…: a service that creates groups through each target, one after the other, until SIGTERM. It tries again when
nothing was processed, and only then. Prints a JSON line for each group: target, name, code.
"""
import json
import pathlib
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.client import Client

def create(client, name):
    while True:
        code = client.start(name, wait_for_ready=True).code().name
        if code != "UNAVAILABLE":
            return code


def work(number, target, ending):
    client = Client(target, [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 100)])
    count = 0
    while not ending.is_set():
        count += 1
        name = f"group_{number}_{count}"
        outcome = {"target": target, "name": name, "code": create(client, name)}
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


def main(targets):
    # The signal is blocked in all threads, so that only the main thread receives it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    ending = threading.Event()
    workers = [threading.Thread(target=work, args=(number, target, ending)) for number, target in enumerate(targets)]
    for worker in workers:
        worker.start()
    signal.sigwait({signal.SIGTERM})
    ending.set()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(sys.argv[1:])
