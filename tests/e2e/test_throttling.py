# SPDX-License-Identifier: MIT
"""Do calls wait for an upstream that throttles, and are those refused at once that would wait for too long?"""
import collections
import time

import pytest

from support.client import details
from support.slow_upstream import SlowUpstream, Window
from support.upstream import http


@pytest.fixture
def throttling(certificate):
    """Makes upstreams that allow a number of calls in a window; they are closed after the test."""
    made = []

    def make(*window, **more):
        made.append(SlowUpstream(certificate, takes=0.01, window=Window(*window, **more)))
        return made[-1]
    yield make
    for upstream in made:
        upstream.close()


def outcomes(calls):
    for call in calls:
        call.exception()
    return collections.Counter(call.code().name for call in calls)


@pytest.mark.parametrize("response", [None, http(429, b"")], ids=["a limit that is named", "a bare 429"])
def test_calls_wait_until_the_upstream_accepts_them(start, throttling, response):
    upstream = throttling(5, 1, response=response)
    sidecar = start(upstream=upstream)
    client = sidecar.client()
    calls = [client.start(f"group_{number}", timeout=30) for number in range(100)]
    upstream.wait(upstream.rejected, 1)
    first_burst = upstream.rejected[0] + 0.5
    assert outcomes(calls)["OK"] >= 98
    assert sum(when > first_burst for when in upstream.rejected) <= 20
    assert len(sidecar.wait_log(event="upstream throttles")) == 1


def test_calls_that_a_window_leaves_no_time_for_are_refused_at_once_with_the_wait(start, throttling):
    upstream = throttling(200, 300)
    sidecar = start("--upstream-connections=32", upstream=upstream)
    client = sidecar.client()
    began = time.monotonic()
    calls = [client.start(f"group_{number}", timeout=30) for number in range(300)]
    codes = outcomes(calls)
    assert time.monotonic() - began < 25
    assert codes["OK"] >= 190 and codes["OK"] + codes["RESOURCE_EXHAUSTED"] == 300
    for call in calls:
        if call.code().name != "OK":
            assert 250 <= details(call)["RetryInfo"].retry_delay.seconds <= 1000
    assert len(upstream.rejected) <= 64, "no more than those in flight on both threads"
    late = client.start("late", timeout=5)
    assert late.exception() and "calls/s" in late.details()
    assert "rate: " in sidecar.ask("/readyz?verbose", port="monitor")[1]


def test_a_ceiling_is_kept_and_all_calls_are_served(start, throttling):
    upstream = throttling(1000, 1)
    client = start("--upstream-rate=10/1s", upstream=upstream).client()
    calls = [client.start(f"group_{number}", timeout=30) for number in range(40)]
    assert outcomes(calls) == {"OK": 40}
    times = sorted(when for when, _ in upstream.arrived)
    assert times[-1] - times[0] >= 3.5
