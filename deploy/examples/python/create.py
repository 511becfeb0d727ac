# SPDX-License-Identifier: MIT
"""create.py ADDRESS NAME SERVICE-CONFIG: creates an API group and prints its ID, or the error."""
import pathlib
import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from huaweicloud.apig.v2 import api_group_service_pb2, api_group_service_pb2_grpc

address, name, config = sys.argv[1:]
options = [("grpc.service_config", pathlib.Path(config).read_text())]
with grpc.insecure_channel(address, options) as channel:
    groups = api_group_service_pb2_grpc.ApiGroupServiceStub(channel)
    try:
        group = groups.CreateApiGroup(api_group_service_pb2.CreateApiGroupRequest(name=name))
        print("created", group.id)
    except grpc.RpcError as error:
        # UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.
        # UNAVAILABLE without one comes from the transport. Look for the name before calling again.
        print(error.code().name, error.details())
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                print("reason", error_details_pb2.ErrorInfo.FromString(detail.value).reason)
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                for violation in error_details_pb2.BadRequest.FromString(detail.value).field_violations:
                    print("field", violation.field, violation.description)
