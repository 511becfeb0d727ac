# SPDX-License-Identifier: MIT
"""
Signs with the Python SDK of the vendor, whose packages the interpreter of this program has: reads a JSON list of requests
{ak, sk, method, target, fields, body} and writes the list of their Authorization fields.
"""
import json
import sys
import types
import urllib.parse

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer


def sign(ak, sk, method, target, fields, body):
    path, _, query = target.partition("?")
    request = SdkRequest(method=method, resource_path=path, header_params=dict(fields), body=body,
                         query_params=urllib.parse.parse_qsl(query, keep_blank_values=True))
    return Signer(types.SimpleNamespace(ak=ak, sk=sk)).sign(request).header_params["Authorization"]


json.dump([sign(**request) for request in json.load(sys.stdin)], sys.stdout)
