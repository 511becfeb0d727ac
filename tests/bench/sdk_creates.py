# SPDX-License-Identifier: MIT
"""
Creates groups with the vendor's SDK for Python, for tests/bench/compare and tests/bench/costs:
sdk_creates.py URL CA-FILE PROJECT INSTANCE COUNT NAME…
Prints as JSON what became of each name's last create, the CPU time and the duration of the creates in seconds, and the resident memory in KiB
before and after them.
"""
import json
import pathlib
import sys
import time

from huaweicloudsdkapig.v2 import ApigClient, ApiGroupCreate, CreateApiGroupV2Request
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig


def resident():
    return int(pathlib.Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


def create(client, instance, name):
    try:
        client.create_api_group_v2(CreateApiGroupV2Request(instance_id=instance, body=ApiGroupCreate(name=name)))
    except Exception as failure:
        return f"{type(failure).__name__} {getattr(failure, 'error_code', None) or ''}".strip()
    return "OK"


def main(url, authority, project, instance, count, *names):
    config = HttpConfig.get_default_config()
    config.ssl_ca_cert = authority
    client = (ApigClient.new_builder().with_http_config(config).with_endpoints([url])
              .with_credentials(BasicCredentials("ak", "sk", project)).build())
    results, durations, idle, began = {}, [], resident(), time.process_time()
    for name in names:
        for _ in range(int(count)):
            called = time.monotonic()
            results[name] = create(client, instance, name)
            durations.append(time.monotonic() - called)
    print(json.dumps({"results": results, "cpu": time.process_time() - began, "durations": durations, "idle": idle, "after": resident()}))


main(*sys.argv[1:])
