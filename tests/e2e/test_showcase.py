# SPDX-License-Identifier: MIT
"""Does the sidecar speak to a server of google.api.http as that server's own gRPC does?"""
import json

import pytest
from google.protobuf import descriptor_pool, json_format

from support import api
from support.secret import TokenFile
from support.showcase import PACKAGE, Front, Showcase, build, source
from support.sidecar import SECONDS, Sidecar


class Pair:
    """A method called through the sidecar, `rest`, and directly, `grpc`."""

    def __init__(self, descriptor_set, channels):
        self.channels, self.pool = channels, descriptor_pool.DescriptorPool()
        for file in descriptor_set.file:
            self.pool.Add(file)

    def types(self, method):
        """Returns the classes of the request and the response of a method, "Service.Method"."""
        service, name = method.split(".")
        found = self.pool.FindServiceByName(f"{PACKAGE}.{service}").methods_by_name[name]
        return [api.message_class(self.pool, one) for one in (found.input_type, found.output_type)]

    def normal(self, method, request):
        return json_format.MessageToDict(json_format.ParseDict(request, self.types(method)[0]()))

    def call(self, way, method, request):
        service, name = method.split(".")
        asked, reply = self.types(method)
        asked = json_format.ParseDict(request, asked())
        call = self.channels[way].unary_unary(f"/{PACKAGE}.{service}/{name}", response_deserializer=reply.FromString)
        return json_format.MessageToDict(call(asked.SerializeToString(), timeout=SECONDS))

    def rest(self, method, **request):
        return self.call("rest", method, request)

    def grpc(self, method, **request):
        return self.call("grpc", method, request)


@pytest.fixture(scope="module")
def folder():
    return source()


@pytest.fixture(scope="module")
def pair(folder, certificate, tmp_path_factory):
    server = Showcase(build(folder))
    front = Front(certificate, server.port)
    directory = tmp_path_factory.mktemp("showcase")
    made = server.descriptor_set()
    (directory / "set").write_bytes(made.SerializeToString())
    sidecar = Sidecar(front, TokenFile(directory / "token").path, options=[f"--descriptor-set={directory}/set"]).ready()
    pair = Pair(made, {"rest": sidecar.client().channel, "grpc": server.channel})
    pair.front = front
    yield pair
    sidecar.stop()
    front.close()
    server.close()


def test_each_request_of_the_compliance_suite_arrives_as_it_was_sent(pair, folder):
    suite = json.loads((folder / "schema/google/showcase/v1beta1/compliance_suite.json").read_text())
    calls = [(method, request) for group in suite["group"] for method in group["rpcs"] for request in group["requests"]]
    assert len(calls) >= 53
    for method, request in calls:
        # The server compares the request with that of its own suite, and the binding with the one that is intended.
        reply = pair.rest(method, **request)
        assert reply["request"] == pair.normal(method, request), (method, request["name"])
        if "intendedBindingUri" not in request:  # which a call without HTTP cannot have
            assert reply["request"] == pair.grpc(method, **request)["request"], (method, request["name"])


@pytest.mark.parametrize("unknown", [False, True])
def test_an_enum_comes_back_as_it_was_sent(pair, unknown):
    assert pair.rest("Compliance.GetEnum", unknownEnum=unknown) == pair.grpc("Compliance.GetEnum", unknownEnum=unknown)


@pytest.mark.parametrize("method,request_", [
    ("Echo", {"content": "a\u00e9/\u7ec4 \"b\"", "severity": "CRITICAL"}), ("Echo", {"content": "x", "requestId": "1"}),
    ("PagedExpand", {"content": "a b c d", "pageSize": 3}), ("PagedExpandLegacy", {"content": "a b c d", "maxResults": 3}),
    ("PagedExpandLegacyMapped", {"content": "a b ab", "pageSize": 3}),
    ("Block", {"responseDelay": "0.010s", "success": {"content": "done"}}),
], ids=str)
def test_echo(pair, method, request_):
    assert pair.rest(f"Echo.{method}", **request_) == pair.grpc(f"Echo.{method}", **request_)


def test_identity(pair):
    user = {"displayName": "Ann", "email": "ann@example.com", "age": 5, "heightFeet": 5.5, "nickname": ""}
    made = pair.rest("Identity.CreateUser", user=user)
    assert made.items() >= user.items() and pair.grpc("Identity.GetUser", name=made["name"]) == made
    assert pair.rest("Identity.GetUser", name=made["name"]) == made
    changed = pair.rest("Identity.UpdateUser", user={**made, "displayName": "Bea"}, updateMask="displayName")
    assert changed["displayName"] == "Bea" and pair.grpc("Identity.GetUser", name=made["name"]) == changed
    assert ("PATCH", f"/v1beta1/{made['name']}?updateMask=displayName") in pair.front.requests
    assert pair.rest("Identity.ListUsers", pageSize=10) == pair.grpc("Identity.ListUsers", pageSize=10)
    assert pair.rest("Identity.DeleteUser", name=made["name"]) == {}


def test_messaging(pair):
    """Blurbs are read directly, because the REST server takes the name of a blurb for that of a room or a user."""
    room = pair.rest("Messaging.CreateRoom", room={"displayName": "r", "description": "d"})
    user = pair.grpc("Identity.CreateUser", user={"displayName": "Cid", "email": "cid@example.com"})
    assert pair.grpc("Messaging.GetRoom", name=room["name"]) == room == pair.rest("Messaging.GetRoom", name=room["name"])
    for parent in (room["name"], f"{user['name']}/profile"):  # the first binding, and the additional one
        blurb = pair.rest("Messaging.CreateBlurb", parent=parent, blurb={"user": user["name"], "text": "t"})
        assert pair.grpc("Messaging.GetBlurb", name=blurb["name"]) == blurb
        assert ("POST", f"/v1beta1/{parent}/blurbs") in pair.front.requests
    changed = pair.rest("Messaging.UpdateRoom", room={**room, "displayName": "s"}, updateMask="displayName")
    assert changed["displayName"] == "s" and pair.grpc("Messaging.GetRoom", name=room["name"]) == changed
    assert pair.rest("Messaging.ListRooms", pageSize=10) == pair.grpc("Messaging.ListRooms", pageSize=10)
    assert pair.rest("Messaging.DeleteRoom", name=room["name"]) == {}
