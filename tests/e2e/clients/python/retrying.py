# SPDX-License-Identifier: MIT
"""retrying.py ADDRESS PATH SERVICE-CONFIG PING-MS: makes all calls of stdin ("ID REQUEST-HEX" lines) at once; prints each end as JSON."""
import json
import pathlib
import sys

import grpc

address, path, config, ping_ms = sys.argv[1:]
options = [("grpc.service_config", pathlib.Path(config).read_text()), ("grpc.enable_retries", 1)]
if int(ping_ms):
    options += [("grpc.keepalive_time_ms", int(ping_ms)), ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.max_pings_without_data", 0)]
with grpc.insecure_channel(address, options) as channel:
    method = channel.unary_unary(path)
    calls = {}
    for line in sys.stdin:
        request_id, request = line.split()
        calls[request_id] = method.future(bytes.fromhex(request), metadata=[("x-request-id", request_id)])
    for request_id, call in calls.items():
        call.exception()
        trailers = dict(call.trailing_metadata() or ())
        print(json.dumps({"id": request_id, "code": call.code().name, "message": call.details(),
                          "details": trailers.get("grpc-status-details-bin", b"").hex()}), flush=True)
