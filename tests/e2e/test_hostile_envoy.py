# SPDX-License-Identifier: MIT
"""Behind an Envoy that puts the calls of all callers on one connection, does a fault of one caller reach the others?"""
import pytest

from support.client import Client
from support.envoy import Envoy, envoy_command, retrying
from support.h2peer import Peer
from support.retrying import wait_until

CREATES, FEW_STREAMS = 20, 5
NEVER = {"retry_on": "retriable-headers"}  # no response has one
REFUSED = {"retry_on": "refused-stream", "num_retries": 10}


@pytest.fixture
def proxied(start, counting, tmp_path):
    """Returns an Envoy with that retry policy in front of a sidecar with those options."""
    made = []

    def proxied(policy, *options):
        sidecar = start(*options, upstream=counting)
        made.append(Envoy(envoy_command(), tmp_path / "envoy", retrying(int(sidecar.address.rpartition(":")[2]), policy)))
        return made[-1]
    yield proxied
    for envoy in made:
        envoy.close()


@pytest.fixture
def creates():
    """Returns creates under way by one client of an Envoy."""
    clients = []

    def creates(envoy):
        clients.append(Client(f"127.0.0.1:{envoy.port}"))
        return [clients[-1].start(f"group_{number}") for number in range(CREATES)]
    yield creates
    for client in clients:
        client.close()


def expect_each_once(calls, counting):
    assert [call.result().name for call in calls] == [f"group_{number}" for number in range(CREATES)]
    assert counting.groups.keys() == {f"group_{number}" for number in range(CREATES)} and not counting.repeated


def test_bad_base64_of_another_caller_changes_none_of_20_creates_on_the_same_connection(proxied, creates, counting):
    """Envoy lets it through."""
    counting.hold()
    envoy = proxied(NEVER)
    calls = creates(envoy)
    wait_until(lambda: len(counting.groups) == CREATES)
    with Peer(f"127.0.0.1:{envoy.port}") as culprit:
        assert culprit.create([("x-data-bin", "!not base64!")])["grpc-status"] == "13"
        counting.release()
        expect_each_once(calls, counting)
    assert envoy.count("upstream_cx_total") == 1


def test_envoy_repeats_streams_that_were_refused(proxied, creates, counting):
    """It opens the first ones before it knows the limit of streams."""
    counting.hold()
    envoy = proxied(REFUSED, f"--max-streams={FEW_STREAMS}")
    calls = creates(envoy)
    wait_until(lambda: len(counting.groups) == CREATES)
    counting.release()
    expect_each_once(calls, counting)
    assert envoy.count("upstream_rq_retry") > 0
