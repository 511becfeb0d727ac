# SPDX-License-Identifier: MIT
"""Does the caller get an accurate status for each response of the vendor? One row for each response."""
import json
import time

import grpc
import pytest

from support.client import IDS, details, refusal
from support.upstream import response, end_after_reading, error, http

# HTTP status, vendor's code → gRPC's code
TABLE = [
    (400, "APIG.2011", "INVALID_ARGUMENT"), (400, "APIG.2000", "INVALID_ARGUMENT"), (400, "APIG.3201", "ALREADY_EXISTS"),
    (400, "APIG.1119", "PERMISSION_DENIED"), (400, "APIG.1201", "PERMISSION_DENIED"),
    (400, "APIG.3309", "FAILED_PRECONDITION"), (401, "APIG.1005", "PERMISSION_DENIED"),
    (403, "APIG.1005", "PERMISSION_DENIED"), (403, "APIG.1136", "PERMISSION_DENIED"),
    (403, "APIG.3101", "RESOURCE_EXHAUSTED"), (404, "APIG.3030", "NOT_FOUND"), (404, "APIG.3001", "NOT_FOUND"),
    (404, "APIGW.0101", "FAILED_PRECONDITION"), (404, "APIG.0101", "FAILED_PRECONDITION"), (409, "APIC.7701", "ABORTED"),
    (412, "APIG.3458", "FAILED_PRECONDITION"), (413, "APIGW.0201", "INVALID_ARGUMENT"),
    (414, "APIGW.0201", "INVALID_ARGUMENT"), (494, "APIGW.0201", "FAILED_PRECONDITION"), (503, "APIGW.0201", "UNKNOWN"),
    (429, "APIGW.0308", "RESOURCE_EXHAUSTED"),
    (500, "APIG.9999", "INTERNAL"), (500, "APIG.3500", "UNKNOWN"), (500, "APIG.9004", "UNAVAILABLE"),
    (500, "APIG.9008", "RESOURCE_EXHAUSTED"), (500, "APIG.9005", "UNKNOWN"), (502, "APIGW.0202", "UNKNOWN"),
    (504, "APIGW.0203", "UNKNOWN"), (503, "APIGW.0613", "UNAVAILABLE"),
]
# HTTP status of a response without a vendor's code → gRPC's code
BARE = [
    (301, "FAILED_PRECONDITION"), (303, "UNKNOWN"), (400, "INVALID_ARGUMENT"), (403, "PERMISSION_DENIED"), (408, "UNAVAILABLE"),
    (409, "ABORTED"), (412, "FAILED_PRECONDITION"), (415, "FAILED_PRECONDITION"), (429, "RESOURCE_EXHAUSTED"),
    (431, "FAILED_PRECONDITION"), (494, "FAILED_PRECONDITION"), (500, "UNKNOWN"), (501, "UNIMPLEMENTED"), (502, "UNKNOWN"),
    (503, "UNKNOWN"), (504, "UNKNOWN"),
]
MESSAGE = "What the vendor says;id:42"
# Requests that were certainly not processed and may succeed later are retried. SECONDS are less than the time until the next call after throttling.
ATTEMPTS = 4
SENT_AGAIN = {"APIG.9004", "APIGW.0613", 408}
SECONDS = 2


def responses(key, data):
    return [response(data)] * (ATTEMPTS if key in SENT_AGAIN else 1)


@pytest.mark.parametrize("status,code,expected", TABLE, ids=lambda value: str(value))
def test_the_vendors_code_decides_and_its_words_are_in_the_message(client, upstream, status, code, expected):
    upstream.script(*responses(code, error(status, code, MESSAGE, request_id="9f2c")))
    name, message = client.refusal(timeout=SECONDS)
    assert name == expected
    assert code in message and MESSAGE in message and "9f2c" in message


@pytest.mark.parametrize("status,expected", BARE, ids=str)
@pytest.mark.parametrize("body", [b"", b"<html>proxy</html>"], ids=["empty", "html"])
def test_without_a_code_the_http_status_decides(client, upstream, status, expected, body):
    upstream.script(*responses(status, http(status, body)))
    name, message = client.refusal(timeout=SECONDS)
    assert name == expected
    assert str(status) in message


@pytest.mark.parametrize("field", ["Retry-After: 0", "x-envoy-overloaded: true", "x-envoy-ratelimited: true"])
def test_a_503_is_sent_again_when_the_server_says_that_it_did_not_take_the_request(client, upstream, field):
    upstream.script(response(http(503, b"", [field])), response())
    assert client.create()
    upstream.script(*[response(http(503, b"", [field]))] * ATTEMPTS)
    assert client.refusal()[0] == "UNAVAILABLE"


def test_a_bare_503_is_an_unknown_outcome_that_is_never_sent_again(client, upstream):
    upstream.script(response(http(503, b"upstream connect error", ["server: envoy"])))
    call = client.start()
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.reason, info.metadata["name"]) == ("UNKNOWN", "OUTCOME_UNKNOWN", "api_group_001")
    assert dict(call.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"
    assert len(upstream.requests) == 1


def test_a_throttling_upstream_gets_no_request_for_the_delay_that_it_names(client, upstream):
    times = []

    def throttle(connection):
        connection.read()
        times.append(time.monotonic())
        connection.send(http(429, b"", ["Retry-After: 5"]))
        return True
    upstream.script(throttle, throttle)
    call = client.start(timeout=9)
    assert call.code().name == "RESOURCE_EXHAUSTED"
    told = details(call)["RetryInfo"].retry_delay.ToMilliseconds() / 1000
    assert times[1] - times[0] >= 5 <= told


@pytest.mark.parametrize("body", [
    {"error_code": "APIG.3201", "error_msg": MESSAGE, "encoded_authorization_message": None},
    {"code": "APIG.3201", "message": MESSAGE, "details": [{"error_code": "APIG.1", "error_msg": "x"}]},
    {"error": {"code": "APIG.3201", "message": MESSAGE}},
], ids=["service", "short names", "wrapped"])
def test_every_shape_of_error_body_is_read(client, upstream, body):
    upstream.script(response(http(400, body)))
    name, message = client.refusal()
    assert name == "ALREADY_EXISTS"
    assert MESSAGE in message


def test_keystones_integer_code_is_not_a_vendor_code_but_its_message_is_reported(client, upstream):
    upstream.script(response(http(403, {"error": {"code": 403, "message": MESSAGE, "title": "Forbidden"}})))
    name, message = client.refusal()
    assert name == "PERMISSION_DENIED"
    assert MESSAGE in message


def test_a_refused_credential_is_unavailable_and_not_unauthenticated(client, upstream):
    upstream.script(response(error(401, "APIG.1002", MESSAGE)))
    assert client.refusal()[0] == "UNAVAILABLE"


@pytest.mark.parametrize("body", [b"", b"{", b'{"name":"x"}', b'{"id":""}', b'{"id":1', b"[]", b'{"id":"1","id":"2"}',
                                  b'{"id":"\xff"}', b'{"id":"1"} x'], ids=repr)
def test_a_success_that_cannot_be_read_is_an_unknown_outcome(client, upstream, body):
    upstream.script(response(http(201, body)))
    assert client.refusal()[0] == "UNKNOWN"


def test_a_response_above_the_bound_is_an_unknown_outcome(start, upstream):
    client = start("--max-response=64KiB").client()
    upstream.script(response(http(201, {"id": "1", "remark": "r" * 70000})))
    assert client.refusal()[0] == "UNKNOWN"


def test_a_message_stays_bounded_and_readable_whatever_the_vendor_says(client, upstream):
    upstream.script(response(error(400, "APIG.2011", "组\n\x00\x1b[31m%" * 5000)))
    name, message = client.refusal()
    assert name == "INVALID_ARGUMENT"
    assert 0 < len(message.encode()) < 6000


def test_a_token_that_a_response_repeats_is_removed(client, upstream, token):
    upstream.script(response(error(403, "APIG.1005", f"token {token.path.read_text()} has no rights")))
    call = client.start()
    assert call.code() is grpc.StatusCode.PERMISSION_DENIED
    assert token.path.read_text() not in call.details() + str(call.trailing_metadata())


def test_a_redirect_is_never_followed(client, upstream):
    upstream.script(response(http(307, b"", [f"Location: {upstream.url}/elsewhere"])))
    assert client.refusal()[0] == "FAILED_PRECONDITION"
    assert len(upstream.requests) == 1


def test_a_path_that_is_not_published_names_the_place(start, upstream):
    client = start(f"--upstream={upstream.url}/prefix").client()
    upstream.script(response(error(404, "APIGW.0101", MESSAGE)))
    name, message = client.refusal()
    assert name == "FAILED_PRECONDITION"
    assert MESSAGE in message and f"{upstream.authority}/prefix" in message and f'"{IDS["project_id"]}"' in message


def test_a_list_whose_response_is_lost_may_be_repeated(client, upstream):
    upstream.script(end_after_reading(), response(http(500, b"")), response(http(200, {"size": 0, "total": 0, "groups": []})))
    assert client.call("ListApiGroups", IDS).result()
    upstream.script(*[end_after_reading()] * 4)
    assert refusal(client.call("ListApiGroups", IDS))[0] == "UNAVAILABLE"


def test_a_fault_that_stays_is_an_error_in_the_log_and_an_unknown_outcome_a_warning(start, upstream):
    sidecar = start("--log-level=warning")
    client = sidecar.client()
    upstream.script(response(error(500, "APIG.9999")), end_after_reading(), response())
    call = client.start()
    assert call.exception()
    assert client.refusal()[0] == "UNKNOWN"
    client.create()
    internal, unknown = sidecar.wait_log(2, event="call")
    assert (internal["level"], internal["code"], unknown["level"], unknown["code"]) == ("error", "INTERNAL", "warning", "UNKNOWN")
    assert details(call)["ErrorInfo"].metadata["incident"] == internal["request_id"]


def test_members_that_cannot_be_read_are_one_warning_however_many(sidecar, client, upstream):
    upstream.script(response(http(201, {"id": "1", "url_domains": [{"cname_status": "x"}] * 5000})))
    client.create()
    sidecar.wait_log(event="call")
    [warning] = [line for line in sidecar.lines if line["event"] == "response member unreadable"]
    assert (warning["member"], warning["members"]) == ("url_domains[0].cname_status", 5000)


def test_the_log_line_of_a_call_has_the_step_that_ended_it(sidecar, client, upstream):
    upstream.script(response(), response(error(400, "APIG.3201")))
    client.create()
    client.refusal()
    client.refusal("?")
    good, refused, invalid = sidecar.wait_log(3, event="call")
    assert (good["code"], good["http_status"]) == ("OK", 201)
    assert (refused["code"], refused["http_status"], refused["vendor_code"]) == ("ALREADY_EXISTS", 400, "APIG.3201")
    assert (invalid["code"], invalid["step"]) == ("INVALID_ARGUMENT", "validate")
    assert "http_status" not in invalid
    for line in (good, refused, invalid):
        assert line["method"].endswith("CreateApiGroup") and line["peer"]
        assert line["total_ms"] >= line.get("upstream_ms", 0) >= 0
        assert "api_group_001" not in json.dumps(line)
