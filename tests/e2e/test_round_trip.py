# SPDX-License-Identifier: MIT
"""Does a server get from clients of five languages the same with the guard in between as without it?"""
import concurrent.futures
import hashlib
import json
import os
import subprocess

import grpc
import pytest

from support import clients
from support.sidecar import ROOT, environment
from support.toolchain import run

RELAY = ROOT / os.environ.get("APIG_SIDECAR_BUILD", "build/release") / "guard_relay"
PATH, DEADLINE, SLOWEST, ROUNDED_UP = "/test.Echo/Echo", 30, 20, 1  # seconds
MESSAGE = bytes(i * i % 251 for i in range(1_000_000))
PROGRAMS = {
    "grpcio": lambda: clients.python("echo"), "grpc-go": lambda: clients.go("echo"), "grpc-js": lambda: clients.js("echo"),
    "grpc-java": lambda: clients.java("Echo"), "tonic": clients.rust,
}
METADATA = {
    "x-ascii": [b"a value, with = and spaces"], "x-repeated": [b"first", b"second"], "x-data-bin": [bytes(range(256))], "x-empty-bin": [b""],
    "x-repeated-bin": [b"\0", b"\xff\xfe"],
}


def echo(message, context):
    """Describes the call."""
    fields = [(key, (value if isinstance(value, bytes) else value.encode()).hex()) for key, value in context.invocation_metadata()]
    return json.dumps({"metadata": sorted(fields), "size": len(message), "sum": hashlib.sha256(message).hexdigest(),
                       "seconds": context.time_remaining()}).encode()


@pytest.fixture(scope="module")
def port():
    """That of a server of C-core which describes each call."""
    handler = grpc.method_handlers_generic_handler("test.Echo", {"Echo": grpc.unary_unary_rpc_method_handler(echo)})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, [handler], options=[("grpc.so_reuseport", 0)])
        found = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield found
        server.stop(None)


@pytest.fixture(scope="module")
def relay(port):
    """The port of a guard in front of it."""
    with subprocess.Popen([RELAY, str(port)], stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())
        process.kill()


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return PROGRAMS[request.param]()


def replies(program, port, file):
    """Both replies that a client gets, and the seconds that its calls had left."""
    printed = run(*program, f"127.0.0.1:{port}", PATH, file, env=environment())
    described = [json.loads(line) for line in printed.splitlines()]
    return described, [each.pop("seconds") for each in described]


def test_a_server_gets_the_same_with_the_guard_as_without(program, port, relay, tmp_path):
    file = tmp_path / "message"
    file.write_bytes(MESSAGE)
    direct, _ = replies(program, port, file)
    guarded, seconds = replies(program, relay, file)
    assert len(guarded) == 2 and guarded == direct
    assert all(DEADLINE - SLOWEST < each < DEADLINE + ROUNDED_UP for each in seconds), seconds
    for each in guarded:
        got = {name: [bytes.fromhex(value) for key, value in each["metadata"] if key == name] for name in METADATA}
        assert {name: sorted(values) for name, values in got.items()} == METADATA
        assert (each["size"], each["sum"]) == (len(MESSAGE), hashlib.sha256(MESSAGE).hexdigest())
