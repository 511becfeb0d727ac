# SPDX-License-Identifier: MIT
"""Does the sidecar behave as a gRPC server should, also to hostile clients?"""
import queue
import socket

import grpc
import pytest

from support import api
from support.client import IDS, Client, refusal
from support.upstream import GROUP, response, late

SERVICE = "huaweicloud.apig.v2.ApiGroupService"
HEALTH = "grpc.health.v1.Health"
REFLECTION = ["grpc.reflection.v1", "grpc.reflection.v1alpha"]
SERVING, NOT_SERVING = 1, 2


def health_check(client, service):
    request = api.from_dict("grpc.health.v1.HealthCheckRequest", {"service": service})
    return client.unary("/grpc.health.v1.Health/Check", request.SerializeToString(), "grpc.health.v1.HealthCheckResponse")


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_check_knows_the_server_and_its_services(client, service):
    assert health_check(client, service).result().status == SERVING


def test_health_check_of_an_unknown_service_is_not_found(client):
    assert refusal(health_check(client, "no.Such"))[0] == "NOT_FOUND"


def test_health_watch_reports_the_status_at_once_and_keeps_the_stream(client):
    watch = client.channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        response_deserializer=api.message("grpc.health.v1.HealthCheckResponse").FromString)(b"", timeout=30)
    assert next(watch).status == SERVING
    assert watch.is_active()
    watch.cancel()


def ask_reflection(client, package, *questions):
    """Sends the requests one by one on one stream and returns the responses."""
    asked = queue.Queue()
    stream = client.channel.stream_stream(
        f"/{package}.ServerReflection/ServerReflectionInfo",
        request_serializer=lambda question: api.from_dict(f"{package}.ServerReflectionRequest", question).SerializeToString(),
        response_deserializer=api.message(f"{package}.ServerReflectionResponse").FromString,
    )(iter(asked.get, None), timeout=30)
    responses = []
    for question in questions:
        asked.put(question)
        responses.append(next(stream))
    asked.put(None)
    assert list(stream) == [] and stream.code() is grpc.StatusCode.OK
    return responses


@pytest.mark.parametrize("package", REFLECTION)
def test_reflection_lists_and_describes_the_services(client, package):
    listed, by_symbol, by_file = ask_reflection(
        client, package, {"list_services": ""}, {"file_containing_symbol": f"{SERVICE}.CreateApiGroup"},
        {"file_by_filename": "google/api/http.proto"})
    assert {service.name for service in listed.list_services_response.service} >= {SERVICE, HEALTH}
    files = [api.message("google.protobuf.FileDescriptorProto").FromString(file)
             for file in by_symbol.file_descriptor_response.file_descriptor_proto]
    assert "huaweicloud/apig/v2/api_group_service.proto" in [file.name for file in files]
    assert by_file.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize("package", REFLECTION)
def test_reflection_gives_every_import_that_a_client_needs(client, package):
    missing, known = ["huaweicloud/apig/v2/api_group_service.proto"], {}
    while missing:
        [reply] = ask_reflection(client, package, {"file_by_filename": missing.pop()})
        for raw in reply.file_descriptor_response.file_descriptor_proto:
            file = api.message("google.protobuf.FileDescriptorProto").FromString(raw)
            known[file.name] = file
            missing += [name for name in file.dependency if name not in known]
    assert "buf/validate/validate.proto" in known


@pytest.mark.parametrize("package", REFLECTION)
@pytest.mark.parametrize("question", [{"file_by_filename": "no.proto"}, {"file_containing_symbol": "no.Such"}], ids=str)
def test_reflection_reports_an_unknown_symbol_and_continues(client, package, question):
    unknown, listed = ask_reflection(client, package, question, {"list_services": ""})
    assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert listed.list_services_response.service


@pytest.mark.parametrize("path", [f"/{SERVICE}/NoSuch", "/no.Such/CreateApiGroup", "/x", f"/{SERVICE}/"])
def test_an_unknown_method_is_unimplemented(client, path):
    assert refusal(client.unary(path, b""))[0] == "UNIMPLEMENTED"


def test_a_gzip_request_is_accepted(client, upstream):
    upstream.script(response())
    assert client.create(remark="r" * 900, compression=grpc.Compression.Gzip)["id"] == GROUP["id"]
    assert upstream.requests[0].json()["remark"] == "r" * 900


def test_a_deflate_request_is_accepted_or_unimplemented(client, upstream):
    upstream.always = response()
    call = client.start(remark="r" * 900, compression=grpc.Compression.Deflate)
    assert call.code() in (grpc.StatusCode.OK, grpc.StatusCode.UNIMPLEMENTED)


def request_bytes(**fields):
    return api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "abc", **fields}).SerializeToString()


def test_a_message_above_the_bound_is_refused_and_the_connection_lives(client, upstream):
    assert refusal(client.unary(api.CREATE, request_bytes(remark="r" * (2 << 20))))[0] == "RESOURCE_EXHAUSTED"
    upstream.script(response())
    client.create()


@pytest.mark.parametrize("garbage", [
    b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x1a\x03ab", b"\x1a\x03\xff\xfe\xfd", b"\x1a\x03a\x00b", b"\x1b\x1b\x1b", b"\x00\x00",
    b"\x1a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
], ids=["tag", "length", "short", "UTF-8", "NUL", "groups", "field 0", "varint"])
def test_bytes_that_are_not_a_request_are_an_invalid_argument(client, garbage):
    assert refusal(client.unary(api.CREATE, garbage))[0] == "INVALID_ARGUMENT"


def test_an_empty_request_is_an_invalid_argument(client):
    assert refusal(client.unary(api.CREATE, b""))[0] == "INVALID_ARGUMENT"


def test_unknown_fields_of_a_newer_client_are_skipped(client, upstream):
    upstream.script(response())
    client.unary(api.CREATE, request_bytes() + b"\xca\x3e\x03new").result()
    assert upstream.requests[0].json() == {"name": "abc"}


def test_calls_above_the_limit_are_refused_with_the_reason(start, upstream):
    client = start("--max-in-flight=2").client()
    steps = [late(), late()]
    upstream.script(*steps)
    calls = [client.start(f"group_{number}") for number in range(2)]
    upstream.wait_requests(2)
    assert client.refusal()[0] == "RESOURCE_EXHAUSTED"
    for step in steps:
        step.go.set()
    for call in calls:
        call.result()
    upstream.script(response())
    client.create()


def test_a_peer_without_http2_is_disconnected_and_others_are_served(sidecar, client, upstream):
    host, _, port = sidecar.address.rpartition(":")
    for hello in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff"):
        with socket.create_connection((host, int(port)), 30) as stranger:
            stranger.sendall(hello)
            try:
                stranger.shutdown(socket.SHUT_WR)
                while stranger.recv(65536):
                    pass
            except OSError:
                pass  # the sidecar closed the connection while the peer sent
    upstream.script(response())
    client.create()


def test_metadata_above_the_bound_is_refused_and_other_calls_live(start, upstream):
    client = start("--max-metadata=4KiB", "--max-metadata-count=20").client()
    assert client.refusal(metadata=[("x-large", "v" * 5000)])[0] == "RESOURCE_EXHAUSTED"
    assert client.refusal(metadata=[(f"x-{number}", "v") for number in range(40)])[0] == "RESOURCE_EXHAUSTED"
    upstream.script(response())
    client.create()


def test_connections_above_the_bound_are_refused_until_another_one_ends(start, upstream):
    sidecar = start("--max-connections=2")
    upstream.always = response()
    clients = [sidecar.client() for _ in range(2)]
    for client in clients:
        client.create()
    turned_away = sidecar.client()
    assert turned_away.refusal()[0] == "UNAVAILABLE"
    sidecar.wait_log(event="connection refused")
    turned_away.close()
    clients[0].close()
    sidecar.client().create(wait_for_ready=True)
    clients[1].create()
