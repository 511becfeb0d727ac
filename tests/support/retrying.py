# SPDX-License-Identifier: MIT
"""Callers with a retry policy: gRPC's clients in three languages, and an Envoy in front of one."""
import json
import subprocess
import threading
import time

from support import api, clients
from support.client import IDS
from support.envoy import Envoy, envoy_command, retrying
from support.sidecar import SECONDS, environment
from support.toolchain import ROOT

POLICY = ROOT / "deploy/examples/service-config.json"
ENVOY_POLICY = {"retry_on": "unavailable,resource-exhausted", "num_retries": 20,
                "retry_back_off": {"base_interval": "0.3s", "max_interval": "1s"}}


class Calls:
    """Creates by one program, by their ids; `ended` has how each that has ended did, {"code", "message", "details"}."""

    def __init__(self, command, ids):
        self.ids, self.ended = list(ids), {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        for number in self.ids:
            request = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": number})
            self.process.stdin.write(f"{number} {request.SerializeToString().hex()}\n")
        self.process.stdin.close()

    def read(self):
        for line in self.process.stdout:
            end = json.loads(line)
            status = api.message("google.rpc.Status").FromString(bytes.fromhex(end.pop("details")))
            info = api.message("google.rpc.ErrorInfo")()
            end["reason"] = next((info.reason for detail in status.details if detail.Unpack(info)), None)
            self.ended[end.pop("id")] = end

    def wait(self):
        """Waits for all and returns how each ended."""
        self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        assert self.ended.keys() == set(self.ids), f"exit code {self.process.returncode}: {self.ended}"
        return self.ended

    def close(self):
        self.process.kill()
        self.process.wait()


class Caller:
    """A client program, by name, with the policy of deploy/examples."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def start(self, port, ids, ping_ms=0):
        return Calls([*self.command, f"127.0.0.1:{port}", api.CREATE, POLICY, str(ping_ms)], ids)

    def close(self):
        pass


class EnvoyCaller:
    """An Envoy with a retry policy, before a client without one. It knows one port for good."""
    name = "envoy"

    def __init__(self, command, client, directory, port):
        self.client, self.port = client, port
        self.none = directory / "none.json"
        self.none.write_text("{}")
        self.envoy = Envoy(command, directory / "envoy", retrying(port, ENVOY_POLICY))

    def start(self, port, ids, ping_ms=0):
        assert port == self.port
        return Calls([*self.client, f"127.0.0.1:{self.envoy.port}", api.CREATE, self.none, str(ping_ms)], ids)

    def close(self):
        self.envoy.close()


def envoy_caller(directory, port):
    return EnvoyCaller(envoy_command(), clients.python("retrying"), directory, port)


# By name: makes one of a folder of its own and the port that it will call; skips where a toolchain is missing.
CALLERS = {
    "python": lambda directory, port: Caller("python", clients.python("retrying")),
    "go": lambda directory, port: Caller("go", clients.go("retrying")),
    "js": lambda directory, port: Caller("js", clients.js("retrying")),
    "envoy": envoy_caller,
}


def wait_until(fact, calls=(), seconds=SECONDS):
    """Polls until the condition holds; fails when one of the calls ends before."""
    latest = time.monotonic() + seconds
    while not fact():
        ended = [each.ended for each in calls if each.ended]
        assert not ended, f"it ended too early: {ended}"
        assert time.monotonic() < latest, "it did not come to that"
        time.sleep(0.01)
