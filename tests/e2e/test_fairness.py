# SPDX-License-Identifier: MIT
"""Do callers that share a sidecar take turns, and does one that has many calls leave room for others?"""
import pytest

from support.client import refusal
from support.slow_upstream import SlowUpstream

OPTIONS = ("--trust-xfcc", "--upstream-connections=1", "--max-in-flight=2000", "--max-streams=2000")


def of(caller):
    return (("x-forwarded-client-cert", f"URI=spiffe://cluster.local/ns/shop/sa/{caller}"),)


@pytest.fixture
def slow(certificate):
    upstream = SlowUpstream(certificate, takes=0.01)
    yield upstream
    upstream.close()


def start_many(client, caller, count, **how):
    return [client.start(f"{caller}_{number}", metadata=of(caller), **how) for number in range(count)]


def test_the_calls_of_a_caller_with_few_are_served_between_those_of_one_with_many(start, slow):
    client = start(*OPTIONS, upstream=slow).client()
    hung = client.start("hang", metadata=of("many"), timeout=30)  # so that all others wait
    slow.wait(slow.arrived, 1)
    many = start_many(client, "many", 900)
    few = start_many(client, "few", 10)
    sidecar_has_all = client.start("last", metadata=of("last"))
    hung.cancel()
    for call in (*few, sidecar_has_all):
        call.result()
    names = [name for _, name in slow.arrived]
    first = next(at for at, name in enumerate(names) if name.startswith("few"))
    assert sum(name.startswith("few") for name in names[first:first + 20]) >= 9  # "last" takes a turn as well
    for call in many:
        call.cancel()


def test_no_call_overtakes_those_of_its_caller_that_wait(start, slow):
    client = start(*OPTIONS, "--upstream-loops=1", upstream=slow).client()
    client.create("connected")
    names = [f"group_{number}" for number in range(60)]
    calls = [client.start(name) for name in names[:30]]
    slow.wait(slow.arrived, 10)  # the connection becomes free again and again from now on
    calls += [client.start(name) for name in names[30:]]
    for call in calls:
        call.result()
    assert [name for _, name in slow.arrived] == ["connected", *names]


def test_a_caller_has_no_more_calls_in_flight_than_it_may_and_others_are_served(start, slow):
    client = start(*OPTIONS, "--max-in-flight-per-caller=3", "--upstream-connections=10", upstream=slow).client()
    hung = [client.start(f"hang_{number}", metadata=of("many"), timeout=30) for number in range(3)]
    slow.wait(slow.arrived, 3)
    code, message = refusal(client.start("one_too_many", metadata=of("many")))
    assert code == "RESOURCE_EXHAUSTED" and "--max-in-flight-per-caller" in message
    client.create("other", metadata=of("few"))
    for call in hung:
        call.cancel()
    slow.wait(slow.cut, 3)
    retried = [client.start(f"later_{number}", metadata=of("many")) for number in range(3)]
    for call in retried:
        call.result()


LONG = "URI=spiffe://cluster.local/ns/shop/sa/" + "a" * 300


@pytest.mark.parametrize("one,other", [
    (f"{LONG}/one", f"{LONG}/other"),
    ("DNS=8yn0iYCKYHlIj4-BwPqk", "DNS=GReLUrM4wMqfg9yzV3KQ"),  # alike for FNV-1a, a hash without a key
], ids=["a long prefix in common", "alike for a hash without a key"])
def test_no_name_shares_the_calls_of_another_caller(start, slow, one, other):
    client = start(*OPTIONS, "--max-in-flight-per-caller=1", "--upstream-connections=10", upstream=slow).client()
    hung = client.start("hang", metadata=(("x-forwarded-client-cert", one),), timeout=30)
    slow.wait(slow.arrived, 1)
    client.create("other", metadata=(("x-forwarded-client-cert", other),))
    hung.cancel()
