# SPDX-License-Identifier: MIT
"""A caller: Debian's grpcio, without generated stubs."""
import grpc

from support import api

SECONDS = 30  # limit of every wait of a test
IDS = {"project_id": "0123456789abcdef0123456789abcdef", "instance_id": "f0fa17893b76433ba7879892951c620e"}
COLLECTION = "/v2/{project_id}/apigw/instances/{instance_id}/api-groups".format(**IDS)


class Client:
    """`options` are the channel's, `credentials` those of grpc.ssl_channel_credentials. Each client has a connection of
    its own."""

    def __init__(self, target, options=(), credentials=None):
        own = {"grpc.enable_retries": 0, "grpc.use_local_subchannel_pool": 1}  # gRPC uses the first of two equal options
        options = [*{**own, **dict(options)}.items()]
        self.channel = (grpc.secure_channel(target, credentials, options=options) if credentials
                        else grpc.insecure_channel(target, options=options))

    def close(self):
        self.channel.close()

    def unary(self, path, request_bytes, reply=None, **how):
        """A call of bytes; the future has result(), code(), details(), trailing_metadata()."""
        how.setdefault("timeout", SECONDS)
        decode = api.message(reply).FromString if reply else None
        return self.channel.unary_unary(path, response_deserializer=decode).future(request_bytes, **how)

    def call(self, name, values, **how):
        """A call of the family's method of that name."""
        method = api.method(name)
        request = api.from_dict(method.input_type.full_name, values)
        return self.unary(f"/{method.containing_service.full_name}/{name}", request.SerializeToString(), method.output_type.full_name, **how)

    def start(self, name="api_group_001", **more):
        """Starts a CreateApiGroup; arguments that are not fields of the request go to grpcio (timeout, metadata, …)."""
        how = {key: more.pop(key) for key in ("timeout", "metadata", "compression", "wait_for_ready") if key in more}
        return self.call("CreateApiGroup", {**IDS, "name": name, **more}, **how)

    def create(self, name="api_group_001", **more):
        """Returns the reply as a dict; raises grpc.RpcError."""
        return api.to_dict(self.start(name, **more).result())

    def refusal(self, name="api_group_001", **more):
        """Returns (code's name, message) of a create that must fail."""
        return refusal(self.start(name, **more))


def refusal(call):
    assert call.exception(), f"a call that had to fail gave {call.result()}"
    return call.code().name, call.details()


def details(call):
    """The details of a call that failed, by the short name of their type: {"ErrorInfo": …}."""
    packed = dict(call.trailing_metadata())["grpc-status-details-bin"]
    status = api.message("google.rpc.Status").FromString(packed)
    assert (status.code, status.message) == (call.code().value[0], call.details())
    return {any.type_url.rpartition(".")[2]: api.message(any.type_url.rpartition("/")[2]).FromString(any.value)
            for any in status.details}
