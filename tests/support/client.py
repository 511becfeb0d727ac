# SPDX-License-Identifier: MIT
"""A caller: Debian's grpcio, without generated stubs."""
import grpc

from support import api

SECONDS = 30  # no call of a test waits longer, whatever goes wrong
IDS = {"project_id": "0123456789abcdef0123456789abcdef", "instance_id": "f0fa17893b76433ba7879892951c620e"}
COLLECTION = "/v2/{project_id}/apigw/instances/{instance_id}/api-groups".format(**IDS)


class Client:
    """`options` are the channel's. Each client has a connection of its own."""

    def __init__(self, target, options=()):
        own = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(target, options=[*own, *options])

    def close(self):
        self.channel.close()

    def unary(self, path, request_bytes, reply=None, **how):
        """A call of bytes; the future has result(), code(), details(), trailing_metadata()."""
        how.setdefault("timeout", SECONDS)
        decode = api.message(reply).FromString if reply else None
        return self.channel.unary_unary(path, response_deserializer=decode).future(request_bytes, **how)

    def start(self, name="api_group_001", **more):
        """Starts a CreateApiGroup; what is no field of the request is grpcio's (timeout, metadata, …)."""
        how = {key: more.pop(key) for key in ("timeout", "metadata", "compression", "wait_for_ready") if key in more}
        request = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": name, **more})
        return self.unary(api.CREATE, request.SerializeToString(), "huaweicloud.apig.v2.ApiGroup", **how)

    def create(self, name="api_group_001", **more):
        """The reply as a dict; raises grpc.RpcError."""
        return api.to_dict(self.start(name, **more).result())

    def refusal(self, name="api_group_001", **more):
        """(code's name, message) of a create that has to fail."""
        return refusal(self.start(name, **more))


def refusal(call):
    assert call.exception(), f"a call that had to fail gave {call.result()}"
    return call.code().name, call.details()
