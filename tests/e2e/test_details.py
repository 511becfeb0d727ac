# SPDX-License-Identifier: MIT
"""Can clients read the details of a failure with their own helpers, and do the trailers stay small and without secrets?"""
import json
import subprocess

import pytest

from support import api, clients
from support.client import IDS, details
from support.sidecar import environment
from support.toolchain import go_install, run
from support.upstream import response, response_then_end, chunked, end_after_reading, error, http

GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3"
TRAILER_BYTES = 8192
PARAMETER = "Invalid parameter value,parameterName:name. Please refer to the support documentation"
WINDOW = "The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute"
PROGRAMS = {
    "python": lambda: clients.debian_python("details"), "go": lambda: clients.go("details"), "java": lambda: clients.java("Details")}


@pytest.fixture(scope="session", params=PROGRAMS)
def program(request):
    return PROGRAMS[request.param]()


@pytest.fixture
def decode(program, sidecar):
    """Returns a failed create as the client of another language sees it, with its details by type."""
    def decode(**values):
        request = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "api_group_001", **values})
        told = json.loads(run(*program, sidecar.address, api.CREATE, request.SerializeToString().hex(),
                              env=environment()))
        told["details"] = {detail["type"].removeprefix("google.rpc."): detail["value"] for detail in told["details"]}
        return told
    return decode


def test_all_violations_of_a_request_are_reported_at_once(decode):
    told = decode(instance_id="", name="?", remark="r" * 1001)
    assert told["code"] == 3
    assert told["details"]["ErrorInfo"]["reason"] == "INVALID_REQUEST"
    assert told["details"]["ErrorInfo"]["domain"] == "apig-sidecar"
    violations = told["details"]["BadRequest"]["fieldViolations"]
    assert {violation["field"] for violation in violations} == {"instance_id", "name", "remark"}
    assert all(violation["description"] for violation in violations)


def test_a_field_that_the_vendor_rejects_is_a_violation_too(decode, upstream):
    upstream.script(response(error(400, "APIG.2011", PARAMETER, request_id="9f2c")))
    told = decode()
    assert told["details"] == {
        "ErrorInfo": {"reason": "APIG_2011", "domain": "apig.huaweicloud.com", "metadata": {
            "http_status": "400", "error_code": "APIG.2011", "step": "interpret"}},
        "BadRequest": {"fieldViolations": [{"field": "name", "description": PARAMETER}]},
        "RequestInfo": {"requestId": "9f2c"},
    }
    assert (told["code"], told["pushback"]) == (3, "")
    assert PARAMETER in told["message"]


def test_the_wait_of_retry_info_is_the_one_for_retry_policies(decode, upstream):
    upstream.script(response(error(429, "APIGW.0308", WINDOW)))
    told = decode()
    seconds = float(told["details"]["RetryInfo"]["retryDelay"].removesuffix("s"))
    assert told["code"] == 8
    assert round(seconds * 1000) == int(told["pushback"])
    assert 300 <= seconds <= 360  # the window, and up to a fifth


def test_an_unknown_outcome_names_the_group_to_look_for(decode, upstream):
    upstream.script(end_after_reading())
    told = decode(name="组（测试）/1")
    info = told["details"]["ErrorInfo"]
    assert (told["code"], told["pushback"], info["reason"]) == (2, "-1", "OUTCOME_UNKNOWN")
    assert info["metadata"]["name"] == "组（测试）/1"
    assert info["metadata"]["cause"] == "CONNECTION_LOST"
    assert "RetryInfo" not in told["details"]


@pytest.fixture(scope="session")
def grpcurl():
    return go_install(GRPCURL, clients.BUILT / "bin")


def test_grpcurl_lists_and_describes_the_service(grpcurl, sidecar):
    assert api.SERVICE in run(grpcurl, "-plaintext", sidecar.address, "list").split()
    assert "rpc CreateApiGroup" in run(grpcurl, "-plaintext", sidecar.address, "describe", api.SERVICE)


def test_grpcurl_prints_the_details(grpcurl, sidecar, upstream):
    upstream.script(response(error(400, "APIG.2011", PARAMETER, request_id="9f2c")))
    values = json.dumps({**IDS, "name": "api_group_001"})
    ended = subprocess.run([grpcurl, "-plaintext", "-d", values, sidecar.address, f"{api.SERVICE}/CreateApiGroup"],
                           capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    for printed in ("Code: InvalidArgument", '"reason": "APIG_2011"', '"field": "name"', '"requestId": "9f2c"'):
        assert printed in ended.stderr
    assert "not recognized" not in ended.stderr


def percent_encoded(message):
    return sum(1 if 0x20 <= byte <= 0x7e and byte != 0x25 else 3 for byte in message.encode())


def trailer_bytes(call):
    """Returns the size as HTTP/2 counts it: name, encoded value and 32 bytes for each entry."""
    fields = [("grpc-status", 2), ("grpc-message", percent_encoded(call.details()))]
    fields += [(key, (len(value) + 2) // 3 * 4 if key.endswith("-bin") else len(value))
               for key, value in call.trailing_metadata() if key not in ("grpc-status", "grpc-message")]
    return sum(len(name) + size + 32 for name, size in fields)


HUGE = {
    "words of ASCII": error(400, "APIG.2011", "x" * 1_000_000),
    "words of Chinese": error(400, "APIG.2011", "组%" * 300_000, request_id="9" * 64),
    "a long parameter": error(400, "APIG.2011", "parameterName:" + "n" * 100_000),
    "a long code": error(400, "APIG." + "2" * 100_000),
    "a long request id": http(400, b"", ["X-Request-Id: " + "9" * 8000]),
    "a long location": http(302, b"", ["Location: https://" + "h" * 8000 + "/"]),
    "a large page": http(502, b"<html>" + b"<p>Sorry</p>" * 80_000),
    "many members": http(400, {f"member_{n}": {"code": "APIG.3201", "message": "m" * 100} for n in range(9000)}),
}
ERROR = {"error_code": "APIG.3201", "error_msg": "x" * 10_000_000}
TOO_LARGE = {
    "error": http(500, ERROR),
    "chunked error": chunked(ERROR, (65536,), 500),
    "success": http(201, {"id": "1", "remark": "x" * 10_000_000}),
}
NO_RESPONSE = {
    "headers only": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n",
    "half a body": error(500, "APIG.3201")[:-10],
    "half a chunk": chunked(status=500)[:-30],
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a status line": b"HTTP/1.1 400 Bad Req",
}
# The bytes after the status line of a 4xx do not matter.
STATUS_ALONE = {
    "too large": http(400, ERROR),
    "chunked and too large": chunked(ERROR, (65536,), 400),
    "headers only": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n",
    "half a header": b"HTTP/1.1 400 Bad Request\r\nContent-Le",
    "half a body": error(400, "APIG.3201")[:-10],
    "half a chunk": chunked(status=400)[:-30],
    "garbage": b"HTTP/1.1 400 Bad Request\r\n\x00\r\n\r\n",
}


@pytest.mark.parametrize("data", HUGE.values(), ids=HUGE)
def test_trailers_stay_small_whatever_the_vendor_says(client, upstream, data):
    upstream.script(response(data))
    call = client.start("组" * 255)
    assert call.exception() and details(call)["ErrorInfo"].reason
    assert trailer_bytes(call) < TRAILER_BYTES


def test_trailers_stay_small_whatever_the_caller_says(client):
    call = client.start("?" * 20_000, remark="组" * 10_000, project_id="..", instance_id="")
    assert {violation.field for violation in details(call)["BadRequest"].field_violations} >= {"name", "remark"}
    assert trailer_bytes(call) < TRAILER_BYTES


@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE)
def test_ten_megabytes_are_a_response_that_is_too_large(client, upstream, data):
    upstream.script(respond_then_end_if_it_may(data))
    call = client.start()
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.reason, info.metadata["cause"]) == ("UNKNOWN", "OUTCOME_UNKNOWN", "RESPONSE_TOO_LARGE")


def respond_then_end_if_it_may(data):
    """The sidecar ends the connection somewhere in the middle."""
    def step(connection):
        connection.read()
        try:
            connection.send(data)
        except OSError:
            pass
        return False
    return step


@pytest.mark.parametrize("data", NO_RESPONSE.values(), ids=NO_RESPONSE)
def test_a_malformed_response_leaves_the_outcome_unknown(client, upstream, data):
    upstream.script(response_then_end(data))
    call = client.start()
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.reason) == ("UNKNOWN", "OUTCOME_UNKNOWN")
    assert info.metadata["name"] == "api_group_001"
    assert dict(call.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"


@pytest.mark.parametrize("data", STATUS_ALONE.values(), ids=STATUS_ALONE)
def test_a_4xx_that_breaks_or_is_too_large_counts_by_its_status(start, upstream, data):
    sidecar = start()
    upstream.script(respond_then_end_if_it_may(data), response())
    call = sidecar.client().start()
    info = details(call)["ErrorInfo"]
    assert (call.code().name, info.domain, info.reason) == ("INVALID_ARGUMENT", "apig.huaweicloud.com", "HTTP_400")
    assert sidecar.client().create()
    [line] = [line for line in sidecar.wait_log(2, event="call") if line["code"] != "OK"]
    assert (line["http_status"], line["reason"]) == (400, "HTTP_400") and line["message"]


# These responses are small, and take more memory than a call may use.
DOMAINS = b",".join([b'{"ssl_infos":[{},{},{},{}]}'] * 65_000)
FILLING = {
    "success": (http(201, b'{"id":"1","url_domains":[%s]}' % DOMAINS), "OUTCOME_UNKNOWN"),
    "error": (http(400, b'{"error_code":"APIG.3201","error_msg":"taken","x":[%s]}' % b",".join([rb'"\u0041"'] * 400_000)),
              "APIG_3201"),
}


@pytest.mark.parametrize("data,reason", FILLING.values(), ids=FILLING)
def test_a_response_that_fills_the_memory_leaves_room_for_the_details(client, upstream, data, reason):
    upstream.script(response(data))
    call = client.start()
    assert call.exception() and details(call)["ErrorInfo"].reason == reason
    assert client.refusal("?")[0] == "INVALID_ARGUMENT"  # the sidecar still serves


def test_the_token_as_the_name_of_a_field_is_in_no_trailer_and_no_log(sidecar, client, upstream, token):
    secret = token.path.read_text()
    upstream.script(*[response_then_end(b"HTTP/1.1 400 Bad Request\r\n%s\r\n\r\n" % field) for field in (
        secret.encode() + b": \x01", secret.encode() + b": 1\r\nContent-Length: 0\r\nConnection: close", secret.encode(),
        b" " + secret.encode())])
    for _ in range(4):
        call = client.start()
        assert call.exception()
        assert secret not in f"{call.details()}{call.trailing_metadata()}"
    sidecar.wait_log(4, event="call")  # every test checks that no log line has a secret


@pytest.mark.parametrize("where", ["error_msg", "error_code", "request_id", "parameter", "field", "location"])
def test_the_token_is_in_no_trailer(client, upstream, token, where):
    secret = token.path.read_text()
    body = {"error_code": "APIG.2011", "error_msg": "Invalid", "request_id": "1"}
    fields = []
    if where == "parameter":
        body["error_msg"] = f"Invalid parameter value,parameterName:{secret}."
    elif where == "field":
        fields = [f"X-Request-Id: {secret}"]
    elif where == "location":
        fields = [f"Location: https://{secret}/{secret}"]
    else:
        body[where] = secret
    upstream.script(response(http(302 if where == "location" else 400, body, fields)))
    call = client.start()
    assert call.exception()
    trailers = b"".join(value if isinstance(value, bytes) else value.encode() for _, value in call.trailing_metadata())
    assert secret.encode() not in trailers + call.details().encode()
