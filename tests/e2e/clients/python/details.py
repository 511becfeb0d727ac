# SPDX-License-Identifier: MIT
"""details.py ADDRESS PATH HEX: calls PATH with those bytes and prints, as JSON, how it failed, by grpcio-status alone."""
import json
import sys

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2  # registers the types that details are made of
from grpc_status import rpc_status


def unpacked(any):
    name = any.type_url.rpartition("/")[2]
    message = getattr(error_details_pb2, name.rpartition(".")[2])()
    assert any.Unpack(message), name
    return {"type": name, "value": json_format.MessageToDict(message)}


address, path, request = sys.argv[1:]
with grpc.insecure_channel(address) as channel:
    try:
        channel.unary_unary(path)(bytes.fromhex(request), timeout=30)
        sys.exit("a call that had to fail did not")
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        print(json.dumps({
            "code": status.code, "message": status.message, "details": [unpacked(any) for any in status.details],
            "pushback": dict(error.trailing_metadata()).get("grpc-retry-pushback-ms", ""),
        }))
