# SPDX-License-Identifier: MIT
"""Is an unreachable upstream tried at a limited rate, do calls fail at once, and is it found again soon?"""
import contextlib
import time

import grpc
import pytest

from support import metrics
from support.client import details
from support.upstream import Upstream, response, late

LONGEST_PAUSE = 1  # second


def gone(connection):
    connection.reset()


@contextlib.contextmanager
def down(upstream):
    upstream.greet(*[gone] * 10000)
    yield
    upstream.greetings.clear()


def pause_ms(call):
    """Returns the delay in the RetryInfo of a failed call."""
    pushback = int(dict(call.trailing_metadata())["grpc-retry-pushback-ms"])
    delay = details(call)["RetryInfo"].retry_delay
    assert pushback == delay.seconds * 1000 + delay.nanos // 1_000_000
    return pushback


def test_calls_fail_at_once_and_connects_stay_few_while_the_upstream_is_down(client, upstream):
    began = time.monotonic()
    with down(upstream):
        for _ in range(300):
            call = client.start()
            assert call.code() is grpc.StatusCode.UNAVAILABLE
            assert details(call)["ErrorInfo"].reason == "UPSTREAM_UNREACHABLE"
            assert 0 < pause_ms(call) <= LONGEST_PAUSE * 1000 * 1.2
    # Pauses double up to a second.
    assert 2 <= upstream.connections <= 6 + (time.monotonic() - began) / LONGEST_PAUSE
    assert not upstream.requests


def test_a_recovered_upstream_is_found_before_the_next_call(sidecar, client, upstream):
    def changes(state):
        return metrics.value(sidecar, "apig_sidecar_upstream_breaker_changes_total", state=state)

    def breakers_open():
        return metrics.value(sidecar, "apig_sidecar_upstream_breakers_open")
    assert (breakers_open(), changes("open")) == (0, 0)
    with down(upstream):
        assert client.refusal()[0] == "UNAVAILABLE"
        assert breakers_open() == 1
        assert changes("open") >= 1
    came_back = time.monotonic()
    while breakers_open():
        assert time.monotonic() - came_back < 10 * LONGEST_PAUSE
    assert changes("closed") == 1
    assert changes("half_open") == changes("open")
    upstream.script(response())
    client.create()


def test_calls_succeed_after_the_delay_in_retry_info(client, upstream):
    with down(upstream):
        assert client.refusal()[0] == "UNAVAILABLE"
    upstream.script(response())
    came_back = time.monotonic()
    while (call := client.start()).exception():
        assert call.code() is grpc.StatusCode.UNAVAILABLE
        assert time.monotonic() - came_back < 10 * LONGEST_PAUSE
        time.sleep(pause_ms(call) / 1000)


def test_connections_that_work_are_used_while_no_other_can_be_made(sidecar, client, upstream):
    first = late()
    upstream.script(first, response(), response())
    busy = client.start()
    upstream.wait_requests(1)
    with down(upstream):
        queued = [client.start(), client.start()]
        while not metrics.value(sidecar, "apig_sidecar_upstream_breakers_open"):
            assert not queued[0].done()
        first.go.set()
        for call in (busy, *queued):
            call.result()
    assert len(upstream.requests) == 3


@pytest.mark.parametrize("loops", [1, 3])
def test_each_upstream_thread_has_a_breaker(start, certificate, loops):
    absent = Upstream(certificate)
    absent.close()
    sidecar = start(f"--upstream-loops={loops}", upstream=absent)
    client = sidecar.client()
    for _ in range(loops):
        assert client.refusal()[0] == "UNAVAILABLE"
    assert metrics.value(sidecar, "apig_sidecar_upstream_breakers_open") == loops
