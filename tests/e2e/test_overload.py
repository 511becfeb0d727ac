# SPDX-License-Identifier: MIT
"""When calls come faster than the upstream responds, are calls that would wait too long refused at once, and the others served?"""
import time

import grpc
import pytest

from support.client import details
from support.upstream import created, late, response

EXCHANGE = 1.0  # seconds of the first exchange, from which the wait is estimated


def slow(connection):
    request = connection.read()
    time.sleep(EXCHANGE)
    connection.send(created(request))
    return True


@pytest.fixture
def busy(start, upstream):
    """A client of a sidecar whose one connection is in use by a call; the call, and the event that ends it."""
    client = start("--upstream-connections=1").client()
    held = late()
    upstream.script(slow, held)
    client.create("first")
    call = client.start("held")
    upstream.wait_requests(2)
    return client, call, held.go


def sent(upstream):
    return [request.json()["name"] for request in upstream.requests]


def test_calls_that_would_wait_too_long_are_refused_at_once_and_the_others_are_served(busy, upstream):
    client, held, go = busy
    patient = [client.start(f"patient_{number}") for number in range(3)]
    hasty = [client.start(f"hasty_{number}", timeout=0.9 * EXCHANGE) for number in range(20)]
    for call in hasty:
        assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert details(call)["ErrorInfo"].reason == "OVERLOADED"
        assert "--upstream-connections" in call.details()
        assert "nothing was sent" in call.details()
    assert not held.done()
    upstream.script(*[response()] * 3)
    go.set()
    for call in (held, *patient):
        call.result()
    assert sorted(sent(upstream)) == ["first", "held", "patient_0", "patient_1", "patient_2"]


def test_a_refused_call_gets_the_delay_until_the_queue_is_empty(busy):
    client, held, go = busy
    waits = []
    for number in range(3):
        call = client.start(timeout=0.9 * EXCHANGE)
        assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        delay = details(call)["RetryInfo"].retry_delay
        waits.append(delay.seconds * 1000 + delay.nanos // 1_000_000)
        assert dict(call.trailing_metadata())["grpc-retry-pushback-ms"] == str(waits[-1])
    assert all(wait >= EXCHANGE * 1000 for wait in waits)
    go.set()
    held.result()


def test_a_slow_time_that_is_over_refuses_no_call(busy, upstream):
    client, held, go = busy
    go.set()
    held.result()
    upstream.script(*[response()] * 3)
    for number in range(3):
        client.create(f"quick_{number}", timeout=0.9 * EXCHANGE)
    assert len(upstream.requests) == 5


def test_a_call_whose_turn_comes_too_late_is_not_sent(busy, upstream):
    client, held, go = busy
    began = time.monotonic()
    hasty = client.start("hasty", timeout=3 * EXCHANGE)
    patient = client.start("patient")
    upstream.script(response())
    time.sleep(max(0, began + 2.5 * EXCHANGE - time.monotonic()))  # the time left to the call with the short deadline is not enough then
    go.set()
    held.result()
    patient.result()
    # On a busy machine its deadline may have passed by then.
    assert hasty.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert "nothing was sent" in hasty.details() or hasty.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert sent(upstream) == ["first", "held", "patient"]
