# SPDX-License-Identifier: MIT
"""Is a connection to the upstream used only while it is known to be good?"""
import os
import subprocess
import threading
import time

import pytest

from support.cable import NEAR, Cable
from support.certificate import make_certificate
from support.client import details
from support.name_server import NameServer
from support.upstream import SAFETY_SECONDS, Upstream, created, http, response

NAME, ABSENT = "apig.example.com", "192.0.2.99"
FULL = bool(os.environ.get("CI"))


def held(count):
    """Steps that respond when `count` requests have arrived, each on a connection of its own."""
    together = threading.Barrier(count)

    def step(connection):
        request = connection.read()
        together.wait(SAFETY_SECONDS)
        connection.send(created(request))
        return True
    return [step] * count


def test_no_call_meets_a_load_balancer_that_closes_idle_connections(start, certificate):
    # Huawei's close after 60 s. The short run divides that and the default of the option by 45.
    idle, options = (60, []) if FULL else (60 / 45, ["--upstream-idle-timeout=1s"])
    connections, rounds = 10, 2 if FULL else 3
    balancer = Upstream(certificate, idle_seconds=idle)
    client = start(*options, upstream=balancer).client()
    for _ in range(rounds):
        balancer.script(*held(connections))
        for call in [client.start(f"held_{number}") for number in range(connections)]:
            call.result()
        closes = time.monotonic() + idle
        balancer.script(*[response()] * connections)
        for number in range(connections):
            time.sleep(max(0, closes + (number - connections / 2) / 1000 - time.monotonic()))
            client.create(f"group_{number}")
    balancer.check()


def test_an_idle_connection_is_closed_after_the_timeout(start, upstream):
    client = start("--upstream-idle-timeout=1s").client()
    ended = threading.Event()

    def until_end(connection):
        connection.send(created(connection.read()))
        connection.wait_end()
        ended.set()
        return False
    upstream.script(until_end, response())
    client.create()
    assert ended.wait(30)
    client.create()
    assert upstream.connections == 2


@pytest.mark.parametrize("field,reused", [("Keep-Alive: timeout=5", True), ("keep-alive: max=9, Timeout=5", True),
                                          ("Keep-Alive: timeout=1", False), ("Keep-Alive: timeout=0", False),
                                          ("Keep-Alive: timeout=never", True)], ids=str)
def test_the_idle_time_that_the_upstream_allows_is_obeyed(client, upstream, field, reused):
    upstream.script(response(http(fields=[field])), response())
    client.create()
    client.create()
    assert upstream.connections == 2 - reused


def test_a_connection_is_closed_before_the_upstream_closes_it(client, certificate, upstream):
    ended = threading.Event()

    def until_end(connection):
        connection.read()
        connection.send(http(fields=["Keep-Alive: timeout=2"]))
        connection.wait_end()
        ended.set()
        return False
    upstream.script(until_end)
    began = time.monotonic()
    client.create()
    assert ended.wait(30)
    assert time.monotonic() - began >= 1


@pytest.fixture
def cable():
    """A cable between the sidecar and the upstream."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = Cable()
    yield made
    made.close()


@pytest.fixture
def options():
    return []


@pytest.fixture
def far(cable, start, tmp_path, options):
    """An upstream at the near end of the cable, and a client of a sidecar at the far end."""
    certificate = make_certificate(tmp_path / "far", NEAR, f"IP:{NEAR}")
    upstream = Upstream(certificate, host=NEAR, name=NEAR)
    sidecar = start(*options, upstream=upstream, listen=f"unix:{tmp_path}/sidecar.sock", prefix=cable.far)
    yield upstream, sidecar.client()
    upstream.close()
    upstream.check()


def is_lost(call):
    return details(call)["ErrorInfo"].reason == "OUTCOME_UNKNOWN"


@pytest.mark.parametrize("options", [["--deadline=3s"], ["--deadline=3s", "--upstream-loops=8"]],
                         ids=["one thread", "eight threads"])
def test_a_path_that_goes_silent_costs_two_calls_at_most(cable, far):
    upstream, client = far
    connections = 13
    upstream.script(*held(connections))
    for call in [client.start(f"held_{number}") for number in range(connections)]:
        call.result()
    cable.cut()
    lost = is_lost(client.start(timeout=None)) + is_lost(client.start(timeout=None))
    lost += sum([is_lost(call) for call in [client.start(timeout=None) for _ in range(connections)]])
    assert 1 <= lost <= 2
    upstream.always = response()  # the kernel may still send what was lost
    cable.mend()
    client.create()


@pytest.mark.skipif(not FULL, reason="it takes ten seconds")
def test_a_request_that_nobody_acknowledges_ends_long_before_its_deadline(cable, far):
    upstream, client = far
    upstream.script(response())
    client.create()
    cable.cut()
    began = time.monotonic()
    call = client.start(timeout=60)
    assert call.code().name == "UNKNOWN"
    assert 8 < time.monotonic() - began < 20


@pytest.fixture
def name_server(cable):
    """The only one that programs at the far end ask, once they run behind `resolved`."""
    made = NameServer(NEAR, NAME, ABSENT)
    yield made
    made.close()


def resolved(directory, program):
    """The prefix of a command that asks the near end for names."""
    file = directory / "resolv.conf"
    file.write_text(f"nameserver {NEAR}\noptions ndots:5 timeout:1\nsearch one.invalid two.invalid three.invalid\n")
    return [*program, "unshare", "--mount", "sh", "-c", f'mount --bind {file} /etc/resolv.conf && exec "$@"', "sh"]


def test_a_name_is_resolved_anew_after_a_failed_connect(cable, name_server, start, tmp_path):
    upstream = Upstream(make_certificate(tmp_path / "name", NAME, f"DNS:{NAME}"), host=NEAR, name=NAME)
    subprocess.run(["ip", "address", "add", f"{ABSENT}/24", "dev", "cable"], check=True)  # refuses connections
    client = start(upstream=upstream, listen=f"unix:{tmp_path}/sidecar.sock", prefix=resolved(tmp_path, cable.far)).client()
    assert client.refusal()[0] == "UNAVAILABLE"
    name_server.address = NEAR
    upstream.script(response())
    moved = time.monotonic()
    while client.start().exception() and time.monotonic() < moved + SAFETY_SECONDS:
        time.sleep(0.01)
    assert time.monotonic() - moved < 5
    upstream.check()
    upstream.close()


def test_the_dot_at_the_end_of_a_name_is_for_the_resolver_alone(cable, name_server, start, tmp_path):
    name_server.address = NEAR
    upstream = Upstream(make_certificate(tmp_path / "name", NAME, f"DNS:{NAME}"), host=NEAR, name=NAME)
    upstream.url = upstream.url.replace(NAME, f"{NAME}.")
    asked = []
    upstream.context.sni_callback = lambda _connection, name, _context: asked.append(name)
    upstream.script(response())
    client = start(upstream=upstream, listen=f"unix:{tmp_path}/sidecar.sock", prefix=resolved(tmp_path, cable.far)).client()
    client.create()  # the upstream checks Host
    assert asked == [NAME]
    assert {*name_server.asked} == {NAME}
    upstream.check()
    upstream.close()
