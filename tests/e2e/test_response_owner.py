# SPDX-License-Identifier: MIT
"""When an upstream sends one response too many, is it ever taken for the response to another call?"""
import itertools
import threading
import time

import pytest

from support.client import Client, details
from support.one_too_many import MOMENTS, OneTooMany
from support.upstream import GROUP, http, response

CALLS, CALLERS = 5000, 16


@pytest.fixture
def one_too_many(certificate):
    made = OneTooMany(certificate, seed=20261129)
    yield made
    made.close()


def create_all(address):
    """Name → the call; one in twenty is cancelled, one in twenty has a deadline that it may not meet."""
    calls, numbers = {}, itertools.count()

    def caller():
        client = Client(address)
        while (number := next(numbers)) < CALLS:
            name = f"group_{number:05}"
            call = calls[name] = client.start(name, timeout=0.002 if number % 20 == 3 else 30)
            if number % 20 == 7:
                time.sleep(number % 5 / 1000)
                call.cancel()
            call.code()
        client.close()
    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


def test_no_call_gets_the_response_to_another_one(start, one_too_many):
    calls = create_all(start(upstream=one_too_many).address)
    good = {name: call.result() for name, call in calls.items() if call.code().name == "OK"}
    assert [name for name, reply in good.items() if (reply.name, reply.id) != (name, one_too_many.groups.get(name))] == []
    assert len(good) > CALLS * 0.7
    assert all(one_too_many.sent[moment] > CALLS * MOMENTS[moment] / 20000 for moment in MOMENTS)


def test_a_response_to_another_request_is_an_unknown_outcome_and_closes_the_connection(client, upstream):
    upstream.script(response(http(body={**GROUP, "name": "another"})), response())
    call = client.start("api_group_001")
    assert call.code().name == "UNKNOWN"
    info = details(call)["ErrorInfo"]
    assert (info.reason, info.metadata["cause"]) == ("OUTCOME_UNKNOWN", "RESPONSE_MISMATCH")
    assert "another" not in call.details().replace("another request", "")
    client.create()
    assert upstream.connections == 2
