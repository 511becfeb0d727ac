# SPDX-License-Identifier: MIT
"""With --recover-lost-creates, is a create whose response was lost looked up, with exactly the expected requests?"""
import time
import urllib.parse
from email.utils import formatdate

import pytest

from support.client import COLLECTION, details
from support.upstream import GROUP, Connection, response, response_then_end, end_after_reading, error, http

NAME = "组（测试）/1"
LIST = f"{COLLECTION}?name={urllib.parse.quote(NAME, safe='')}&precise_search=name"


def listing(*groups, date=True):
    fields = [f"Date: {formatdate(usegmt=True)}"] if date else []
    return response(http(200, {"size": len(groups), "total": len(groups), "groups": groups}, fields))


def group(seconds_ago=0):
    made = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1 - seconds_ago))
    return {**GROUP, "name": NAME, "register_time": made + ".5Z"}


def requests(upstream):
    return [(request.method, request.target) for request in upstream.requests]


@pytest.fixture
def client(start):
    return start("--recover-lost-creates").client()


@pytest.mark.parametrize("lost", [end_after_reading(), end_after_reading(Connection.reset),
                                  response_then_end(http()[:-40]), response(http(201, b"{}")),
                                  response(error(504, "APIG.0201"))])
def test_a_create_that_happened_is_answered_with_its_group(client, upstream, lost):
    made = group()
    upstream.script(lost, listing(made))
    assert client.create(NAME) == {name: value for name, value in made.items() if value != []}
    assert requests(upstream) == [("POST", COLLECTION), ("GET", LIST)]
    assert upstream.requests[1].body == b""
    assert upstream.requests[1].token == upstream.requests[0].token


def test_a_group_that_was_there_before_already_exists(client, upstream):
    upstream.script(end_after_reading(), listing(group(seconds_ago=60)))
    assert client.refusal(NAME)[0] == "ALREADY_EXISTS"
    assert requests(upstream) == [("POST", COLLECTION), ("GET", LIST)]


def test_a_create_that_did_not_happen_is_sent_again(client, upstream):
    upstream.script(end_after_reading(), listing(), response())
    call = client.start(NAME)
    assert call.result()
    assert dict(call.trailing_metadata())["x-apig-attempts"] == "2"
    assert requests(upstream) == [("POST", COLLECTION), ("GET", LIST), ("POST", COLLECTION)]
    assert upstream.requests[2].body == upstream.requests[0].body


@pytest.mark.parametrize("failure,asked", [(end_after_reading(), 4), (response(http(503, b"")), 4), (response(http(404, b"")), 1)])
def test_when_the_look_up_fails_the_outcome_stays_unknown(client, upstream, failure, asked):
    upstream.script(end_after_reading(), *[failure] * asked)
    assert client.refusal(NAME)[0] == "UNKNOWN"
    assert requests(upstream) == [("POST", COLLECTION)] + [("GET", LIST)] * asked


def test_a_look_up_whose_credential_is_refused_is_repeated_with_a_new_one(client, upstream, token):
    def rotate(connection):
        connection.read()
        token.write("MIIEnew-token")
        connection.send(error(401, "APIG.1002"))
        return True
    upstream.script(end_after_reading(), rotate, listing(group()))
    assert client.create(NAME)["name"] == NAME
    assert requests(upstream) == [("POST", COLLECTION)] + [("GET", LIST)] * 2
    assert upstream.requests[2].token == "MIIEnew-token"


def test_a_look_up_that_fails_for_now_is_repeated(client, upstream):
    upstream.script(end_after_reading(), end_after_reading(), response(http(503, b"")), listing(group()))
    assert client.create(NAME)["name"] == NAME
    assert requests(upstream) == [("POST", COLLECTION)] + [("GET", LIST)] * 3


def test_a_response_that_fills_the_memory_is_looked_up_as_well(client, upstream):
    domains = b",".join([b'{"ssl_infos":[{},{},{},{}]}'] * 65_000)
    upstream.script(response(http(201, b'{"id":"1","url_domains":[%s]}' % domains)), listing(group()))
    assert client.create(NAME)["name"] == NAME
    assert requests(upstream) == [("POST", COLLECTION), ("GET", LIST)]


def test_a_gateway_that_gave_up_waiting_may_still_create_what_is_not_listed(client, upstream):
    upstream.script(response(error(504, "APIGW.0203")), listing())
    call = client.start(NAME)
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.reason, info.metadata["lookup"]) == ("UNKNOWN", "OUTCOME_UNKNOWN", "ABSENT")
    assert requests(upstream) == [("POST", COLLECTION), ("GET", LIST)]


def test_the_log_has_the_result_of_the_look_up(start, upstream):
    sidecar = start("--recover-lost-creates")
    upstream.script(end_after_reading(), listing(group()), end_after_reading(), response(http(404, b"")))
    sidecar.client().create(NAME)
    sidecar.client().refusal(NAME)
    [found] = sidecar.wait_log(event="call", recovered="FOUND")
    assert (found["code"], found["step"]) == ("OK", "reply")
    [failed] = sidecar.wait_log(event="call", recovered="FAILED")
    assert (failed["code"], failed["step"]) == ("UNKNOWN", "recover")


def test_without_the_option_nothing_is_looked_up(start, upstream):
    upstream.script(end_after_reading())
    assert start().client().refusal(NAME)[0] == "UNKNOWN"
    assert requests(upstream) == [("POST", COLLECTION)]
