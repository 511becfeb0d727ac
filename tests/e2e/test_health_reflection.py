# SPDX-License-Identifier: MIT
"""Are health and reflection accurate, on long streams, under limits and in a drain?"""
import queue
import socket

import grpc
import pytest
from google.protobuf import descriptor_pb2

from support import api
from support.client import refusal
from support.upstream import response

CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
REFLECTION = ["grpc.reflection.v1", "grpc.reflection.v1alpha"]
GOING_AWAY = "the server is shutting down"


def question(service=""):
    return api.from_dict("grpc.health.v1.HealthCheckRequest", {"service": service}).SerializeToString()


def status_of(reply):
    return api.message("grpc.health.v1.HealthCheckResponse").FromString(reply).status


def check(client, asked=question(), **how):
    return client.unary(CHECK, asked, **how)


def watch(client, service="", timeout=50):
    return client.channel.unary_stream(WATCH, response_deserializer=status_of)(question(service), timeout=timeout)


class Reflection:
    """A stream on which requests are sent one by one, as dicts or as bytes."""

    def __init__(self, client, package=REFLECTION[0]):
        self.package, self.asked = package, queue.Queue()
        self.stream = client.channel.stream_stream(
            f"/{package}.ServerReflection/ServerReflectionInfo",
            response_deserializer=api.message(f"{package}.ServerReflectionResponse").FromString)(iter(self.asked.get, None), timeout=50)

    def ask(self, what):
        self.asked.put(what if isinstance(what, bytes) else
                       api.from_dict(f"{self.package}.ServerReflectionRequest", what).SerializeToString())
        return next(self.stream)

    def end(self):
        self.asked.put(None)
        assert list(self.stream) == []
        return self.stream.code().name


def file_names(reply):
    return [descriptor_pb2.FileDescriptorProto.FromString(file).name for file in reply.file_descriptor_response.file_descriptor_proto]


def test_a_drain_is_seen_by_probes_and_watches_while_the_server_still_accepts(start):
    sidecar = start("--drain-delay=1h")
    client = sidecar.client()
    seen, of_nobody = watch(client), watch(client, "no.Such")
    assert (next(seen), next(of_nobody)) == (SERVING, SERVICE_UNKNOWN)
    sidecar.signal()
    assert next(seen) == NOT_SERVING
    assert status_of(check(sidecar.client()).result()) == NOT_SERVING
    assert of_nobody.is_active()
    sidecar.signal()
    assert sidecar.process.wait(30) != 0
    sidecar.process.returncode = 0  # the fixture expects 0


def test_the_end_of_serving_is_the_last_response_of_a_watch(start):
    sidecar = start()
    seen = watch(sidecar.client())
    assert next(seen) == SERVING
    sidecar.signal()
    assert next(seen) == NOT_SERVING
    with pytest.raises(grpc.RpcError):
        next(seen)
    assert (seen.code(), seen.details()) == (grpc.StatusCode.UNAVAILABLE, GOING_AWAY)


def test_watches_are_bounded_and_probes_still_succeed(sidecar):
    client = sidecar.client()
    watches = [watch(client) for _ in range(16)]
    assert [next(each) for each in watches] == [SERVING] * 16
    with pytest.raises(grpc.RpcError) as refused:
        next(watch(client))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert status_of(check(client).result()) == SERVING
    watches.pop().cancel()
    for _ in range(200):  # a cancel is noticed after a moment
        another = watch(client)
        try:
            assert next(another) == SERVING
            return
        except grpc.RpcError:
            pass
    pytest.fail("the place of a cancelled watch stayed taken")


def test_streams_do_not_count_as_calls_in_flight(start, upstream):
    client = start("--max-in-flight=1").client()
    seen, reflection = watch(client), Reflection(client)
    assert next(seen) == SERVING and reflection.ask({"list_services": ""})
    upstream.script(response())
    client.create()
    assert reflection.end() == "OK"


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate], ids=str)
def test_a_compressed_probe_gets_a_response(client, compression):
    assert status_of(check(client, question(api.SERVICE), compression=compression).result()) == SERVING


@pytest.mark.parametrize("asked,code", [
    (question("x" * 5000), "RESOURCE_EXHAUSTED"), (b"\xff", "INVALID_ARGUMENT"), (b"\x0a\x05abc", "INVALID_ARGUMENT"),
], ids=["large", "tag", "short"])
def test_a_malformed_request_is_refused(client, asked, code):
    assert refusal(check(client, asked))[0] == code
    with pytest.raises(grpc.RpcError) as refused:
        next(client.channel.unary_stream(WATCH)(asked, timeout=30))
    assert refused.value.code().name == code


def test_a_compressed_request_is_bounded_by_its_inflated_size(client):
    assert refusal(check(client, question("x" * (1 << 20)), compression=grpc.Compression.Gzip))[0] == "RESOURCE_EXHAUSTED"


def test_a_probe_without_a_request_is_refused(client):
    with pytest.raises(grpc.RpcError) as refused:
        client.channel.stream_unary(CHECK)(iter([]), timeout=30)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("package", REFLECTION)
def test_the_servers_own_services_are_listed_and_described_whatever_set_is_served(start, tmp_path, package):
    path = tmp_path / "set.binpb"
    path.write_bytes(api.compile_set(["huaweicloud/apig/v2/api_group_service.proto"]))
    reflection = Reflection(start(f"--descriptor-set={path}").client(), package)
    listed = {service.name for service in reflection.ask({"list_services": ""}).list_services_response.service}
    assert listed == {*(service.full_name for service in api.services()), "grpc.health.v1.Health", *(f"{each}.ServerReflection" for each in REFLECTION)}
    for service in listed:
        assert file_names(reflection.ask({"file_containing_symbol": service}))
    assert file_names(reflection.ask({"file_by_filename": "grpc/health/v1/health.proto"})) == ["grpc/health/v1/health.proto"]
    assert reflection.end() == "OK"


def test_a_file_comes_first_and_with_all_its_imports_each_once(client):
    reflection = Reflection(client)
    for _ in range(2):  # the second round repeats the first
        names = file_names(reflection.ask({"file_containing_symbol": f"{api.SERVICE}.CreateApiGroup"}))
        assert names[0] == "huaweicloud/apig/v2/api_group_service.proto"
        assert sorted(names) == sorted({*names, "google/api/annotations.proto", "google/api/http.proto",
                                        "google/protobuf/descriptor.proto", "buf/validate/validate.proto"})


def test_a_response_repeats_its_request(client):
    asked = {"host": "some.host", "file_by_filename": "no.proto"}
    reply = Reflection(client).ask(asked)
    assert reply.valid_host == "some.host"
    assert api.to_dict(reply.original_request) == asked


@pytest.mark.parametrize("package", REFLECTION)
@pytest.mark.parametrize("asked,code", [
    ({"file_containing_extension": {"containing_type": "a.B", "extension_number": 3}}, "NOT_FOUND"),
    ({"all_extension_numbers_of_type": "a.B"}, "NOT_FOUND"), (b"", "INVALID_ARGUMENT"),
], ids=["extension", "extension numbers", "nothing"])
def test_an_unknown_symbol_is_reported_and_the_stream_continues(client, package, asked, code):
    reflection = Reflection(client, package)
    reply = reflection.ask(asked)
    assert reply.error_response.error_code == getattr(grpc.StatusCode, code).value[0]
    assert reply.error_response.error_message
    assert reflection.ask({"list_services": ""}).list_services_response.service
    assert reflection.end() == "OK"


def test_a_stream_without_requests_ends_well(client):
    assert Reflection(client).end() == "OK"


def test_a_request_above_the_bound_is_not_read(client):
    with pytest.raises(grpc.RpcError) as refused:
        Reflection(client).ask({"file_by_filename": "x" * 5000})
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("package", REFLECTION)
def test_reflection_streams_are_bounded(client, package):
    streams = [Reflection(client, package) for _ in range(4)]
    for stream in streams:
        stream.ask({"list_services": ""})
    with pytest.raises(grpc.RpcError) as refused:
        Reflection(client, package).ask({"list_services": ""})
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for stream in streams:
        assert stream.end() == "OK"


def test_a_drain_ends_idle_streams(start):
    sidecar = start()
    client = sidecar.client()
    asked, silent = Reflection(client), Reflection(client)
    asked.ask({"list_services": ""})
    check(client).result()
    sidecar.signal()
    for stream in (asked, silent):
        with pytest.raises(grpc.RpcError) as ended:
            next(stream.stream)
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        stream.asked.put(None)
    assert sidecar.wait() == 0


def test_an_unknown_method_is_named_as_far_as_it_can_be_shown(client):
    code, message = refusal(client.unary("/no.Such/" + "m" * 1000, b""))
    assert code == "UNIMPLEMENTED"
    assert message.startswith("/no.Such/mmm") and len(message) < 400 and "check" in message


def test_a_path_that_is_not_one_of_a_url_is_refused_as_malformed(client):
    """RFC 9113, section 8.3.1."""
    assert refusal(client.unary("/no.Such/\u00e9", b""))[0] == "INTERNAL"


def test_a_connection_that_never_speaks_http2_is_closed_in_time(start, upstream):
    sidecar = start("--handshake-timeout=50ms")
    host, _, port = sidecar.address.rpartition(":")
    for said in (b"", b"PRI * HTTP/2.0\r\n"):
        with socket.create_connection((host, int(port)), 30) as stranger:
            stranger.sendall(said)
            try:
                assert stranger.recv(1) == b""
            except ConnectionResetError:
                pass
    upstream.script(response())
    sidecar.client().create()
