# SPDX-License-Identifier: MIT
"""Are the .proto files the only list of RPCs: does the program name none, and do the pages and examples name all services?"""
import json
import re

import pytest
from sources import files, program_sources, read

PROTOS = {path: read(path) for path in files("proto/huaweicloud/*.proto")}
SERVICES = sorted(f"huaweicloud.apig.v2.{name}" for text in PROTOS.values() for name in re.findall(r"^service (\w+)", text, re.M))
METHODS = sorted(name for text in PROTOS.values() for name in re.findall(r"^  rpc (\w+)\(", text, re.M))
MESSAGES = sorted(name for text in PROTOS.values() for name in re.findall(r"^message (\w+)", text, re.M))

# Words of everyday English among the names.
ORDINARY = {"Domain", "Certificate", "Instance"}


def test_the_family_is_found():
    assert len(SERVICES) == 5 and "CreateApiGroup" in METHODS and "ApiGroup" in MESSAGES


@pytest.mark.parametrize("path", program_sources())
def test_no_source_names_an_rpc(path):
    names = {*METHODS, *MESSAGES, *(service.rpartition(".")[2] for service in SERVICES)} - ORDINARY
    pattern = re.compile(r"\b(" + "|".join(sorted(names)) + r")\b|huaweicloud\.apig\.v2|API group|api-groups", re.I)
    # The vendor's domain in ErrorInfo is not a name of the API.
    assert not [line for line in read(path).splitlines() if pattern.search(line)]


@pytest.mark.parametrize("path", sorted(PROTOS))
def test_every_method_states_its_idempotency_or_is_a_post(path):
    for name, body in re.findall(r"^  rpc (\w+)\(.*?\{\n(.*?)^  \}", PROTOS[path], re.M | re.S):
        post = re.search(r"^      post:", body, re.M)
        assert "option idempotency_level = " in body or post, name


@pytest.mark.parametrize("path", sorted(PROTOS))
def test_a_method_has_golden_cases(path):
    called = {json.loads(read(case))["method"].rpartition("/")[2] for case in files("tests/cases/*/call.json")}
    assert set(re.findall(r"^  rpc (\w+)\(", PROTOS[path], re.M)) <= called


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("page", ["README.md", "deploy/examples/service-config.json", "deploy/overlays/gateway-api/route.yaml",
                                  "deploy/overlays/istio-shared/authorization.yaml"])
def test_a_page_names_each_service(page, service):
    assert service.rpartition(".")[2] in read(page)


def test_the_retry_policy_is_for_the_services_of_the_family_alone():
    named = [name["service"] for method in json.loads(read("deploy/examples/service-config.json"))["methodConfig"]
             for name in method["name"]]
    assert sorted(named) == SERVICES
