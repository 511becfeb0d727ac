# SPDX-License-Identifier: MIT
"""
With clients and proxies that have a retry policy: is a call that was never sent retried until it succeeds, and is every create
carried out once at most, whichever side ends the call? Each scene has all of these callers.
"""
import os
import signal
import socket
import time
import types

import pytest

from support.chaos import Chaos
from support.client import Client
from support.h2peer import Peer
from support.metrics import value
from support.retrying import CALLERS, Caller, wait_until
from support.sidecar import Sidecar, free_port
from support.upstream import response, late

NEVER_CARRIED_OUT = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
KILLED_CREATES = 500 if os.environ.get("CI") else 100
PINGS = 6  # one a second; C-core ends a connection for the fourth that it finds too early


@pytest.fixture(scope="module")
def port():
    """The port that the sidecars use one after another."""
    return free_port()


@pytest.fixture(scope="module")
def all_callers(tmp_path_factory, port):
    """Returns {name: caller}, and {name: reason} of callers that are not available here."""
    made, missing = {}, {}
    for name, make in CALLERS.items():
        try:
            made[name] = make(tmp_path_factory.mktemp(name), port)
        except pytest.skip.Exception as skipped:
            missing[name] = str(skipped)
    yield made, missing
    for caller in made.values():
        caller.close()


@pytest.fixture
def callers(all_callers):
    return list(all_callers[0].values())


@pytest.fixture(params=CALLERS)
def caller(request, all_callers):
    made, missing = all_callers
    if request.param in missing:
        pytest.skip(missing[request.param])
    return made[request.param]


class Scene:
    """Sidecars on one port, and the calls to them."""

    def __init__(self, port, token):
        self.port, self.token = port, token
        self.sidecars, self.calls = [], []

    def sidecar(self, upstream, *options):
        self.sidecars.append(Sidecar(upstream, self.token.path, f"127.0.0.1:{self.port}", options).ready())
        return self.sidecars[-1]

    def call(self, *callers, count=1, **how):
        """Starts that many creates of each caller at once."""
        self.calls += [caller.start(self.port, [f"{caller.name}_{number}" for number in range(count)], **how) for caller in callers]
        return self.calls[-len(callers):]

    def lines(self, number, **members):
        """The sidecars' log lines of a call."""
        return [line for sidecar in self.sidecars for line in list(sidecar.lines)
                if line.get("event") == "call" and line.get("request_id") == number and members.items() <= line.items()]

    def wait_lines(self, calls, count, **members):
        """Waits until each call has reached a sidecar that many times; fails when one ends before."""
        numbers = [number for each in calls for number in each.ids]
        wait_until(lambda: all(len(self.lines(number, **members)) >= count for number in numbers), calls)

    def ends(self):
        """Waits for all calls and returns how each ended."""
        return {number: end for calls in self.calls for number, end in calls.wait().items()}

    def codes(self):
        return {number: end["code"] for number, end in self.ends().items()}

    def counts(self):
        """Returns how many times each call reached a sidecar."""
        return {number: len(self.lines(number)) for calls in self.calls for number in calls.ids}

    def close(self):
        for calls in self.calls:
            calls.close()
        for sidecar in self.sidecars:
            sidecar.kill()


@pytest.fixture
def scene(port, token):
    made = Scene(port, token)
    yield made
    made.close()


def upstream_at(port, certificate):
    """The properties of an upstream that a sidecar needs."""
    return types.SimpleNamespace(url=f"https://localhost:{port}", certificate=certificate)


def in_flight(sidecar):
    return value(sidecar, "apig_sidecar_calls_in_flight")


def seconds(line):
    """Returns the time at which a line was written."""
    return time.mktime(time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")) + float(f"0{line['time'][19:].rstrip('Z')}")


def agrees(scene, counting):
    """Checks that no create was carried out twice, that no status denies a create that was carried out, and that a call which
    its sidecar ended has the sidecar's status."""
    assert not counting.repeated
    ends = scene.ends()
    wrong = {number: end for number, end in ends.items()
             if (end["code"] == "OK" and number not in counting.groups)
             or (end["code"] in NEVER_CARRIED_OUT and end["reason"] and number in counting.groups)}
    assert not wrong
    started = {number: end for number, end in ends.items() if scene.lines(number)}
    assert not [number for number, end in started.items() if end["code"] != "OK" and not end["reason"]], started


def test_a_call_is_retried_until_the_upstream_can_be_reached(scene, caller, certificate):
    elsewhere = free_port()
    scene.sidecar(upstream_at(elsewhere, certificate))
    calls = scene.call(caller)
    scene.wait_lines(calls, 2, code="UNAVAILABLE")
    upstream = Chaos(certificate, None, elsewhere)
    try:
        assert set(scene.codes().values()) == {"OK"}
        agrees(scene, upstream)
        assert list(upstream.groups) == calls[0].ids
    finally:
        upstream.close()


def test_a_call_is_retried_until_the_sidecar_is_not_overloaded(scene, caller, upstream):
    holding = late()
    upstream.script(holding, response())
    sidecar = scene.sidecar(upstream, "--max-in-flight=1")
    holder = Client(sidecar.address)
    held = holder.start("holder")
    upstream.wait_requests(1)
    calls = scene.call(caller)
    scene.wait_lines(calls, 2, code="RESOURCE_EXHAUSTED")
    holding.go.set()
    assert held.result().id
    assert set(scene.codes().values()) == {"OK"}
    assert [request.json()["name"] for request in upstream.requests] == ["holder", *calls[0].ids]
    holder.close()


def test_a_call_is_retried_until_the_token_is_mounted(scene, callers, counting, token):
    content = token.path.read_text()
    token.remove()
    scene.sidecar(counting)
    calls = scene.call(*callers)
    scene.wait_lines(calls, 1, code="UNAVAILABLE")
    token.write(content)
    assert set(scene.codes().values()) == {"OK"}
    agrees(scene, counting)
    assert min(scene.counts().values()) > 1
    for each in calls:
        [number] = each.ids
        if number.startswith("go"):  # its next call comes after the pushback
            first, second = map(seconds, scene.lines(number)[:2])
            assert second - first >= 4.9


def test_a_call_that_a_drain_ended_before_it_was_sent_is_retried_elsewhere(scene, callers, counting, certificate):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hanging:  # it never responds to a handshake
        old = scene.sidecar(upstream_at(hanging.getsockname()[1], certificate), "--drain-timeout=1s")
        calls = scene.call(*callers)
        wait_until(lambda: in_flight(old) == len(callers), calls)
        old.signal()
        old.wait_log(event="draining")
        scene.sidecar(counting)
        assert old.wait() == 0
    assert set(scene.codes().values()) == {"OK"}
    agrees(scene, counting)
    assert set(scene.counts().values()) == {2}


def test_a_call_without_a_sidecar_waits_for_one(scene, callers, counting):
    """The wait is longer than the attempts of the policy."""
    programs = [caller for caller in callers if isinstance(caller, Caller)]
    with socket.create_server(("127.0.0.1", scene.port)) as closing:
        scene.call(*programs)
        for _ in range(3 * len(programs)):  # connections, with a back-off between those of a client
            closing.accept()[0].close()
    scene.sidecar(counting)
    assert set(scene.codes().values()) == {"OK"}
    agrees(scene, counting)
    assert set(scene.counts().values()) == {1}


def test_a_create_whose_response_is_lost_is_not_retried(scene, callers, counting):
    counting.always = "reset after the change"
    scene.sidecar(counting)
    scene.call(*callers)
    assert {(end["code"], end["reason"]) for end in scene.ends().values()} == {("UNKNOWN", "OUTCOME_UNKNOWN")}
    agrees(scene, counting)
    assert set(scene.counts().values()) == {1}


def test_creates_that_a_killed_sidecar_had_sent_are_not_retried(scene, callers, counting):
    """Creates that it had not sent are retried at another sidecar."""
    counting.hold()
    killed = scene.sidecar(counting, "--upstream-connections=512")
    calls = scene.call(*callers, count=KILLED_CREATES // len(callers))
    wait_until(lambda: len(counting.groups) >= 30 and in_flight(killed) == sum(len(each.ids) for each in calls), calls)
    sent = set(counting.groups)
    killed.signal(signal.SIGKILL)
    killed.process.wait()
    counting.release()
    scene.sidecar(counting)
    ends = scene.ends()
    assert not counting.repeated
    # Each client has its own code for a connection that ends after the response headers; none of them is OK.
    assert {ends[number]["code"] for number in sent} <= {"UNAVAILABLE", "UNKNOWN", "INTERNAL"}
    assert not [number for number in sent if ends[number]["reason"] or scene.lines(number)]
    assert not [number for number, end in ends.items() if end["code"] == "OK" and number not in counting.groups]


def test_creates_on_a_connection_beyond_its_largest_age_are_not_retried(scene, callers, counting):
    counting.hold()
    sidecar = scene.sidecar(counting, "--max-age=1s", "--max-age-grace=1s")
    scene.call(*callers)
    assert {(end["code"], end["reason"]) for end in scene.ends().values()} == {("UNKNOWN", "OUTCOME_UNKNOWN")}
    agrees(scene, counting)
    assert set(scene.counts().values()) == {1}
    assert not [line for line in sidecar.lines if line.get("code") == "CANCELLED"]
    counting.release()


def test_pings_every_second_end_no_call_and_no_connection(scene, callers, counting):
    counting.hold()
    sidecar = scene.sidecar(counting)
    calls = scene.call(*callers, ping_ms=1000)
    with Peer(sidecar.address) as idle:
        for _ in range(PINGS):
            time.sleep(1)
            idle.ping()
        assert not [each.ended for each in calls if each.ended]
        counting.release()
        assert idle.create()["grpc-status"] == "0"
    assert set(scene.codes().values()) == {"OK"}
    agrees(scene, counting)
    assert set(scene.counts().values()) == {1}
