# SPDX-License-Identifier: MIT
"""Does a valid call reach APIG as the contract says, and the response the caller?"""
import concurrent.futures

import grpc
import pytest

from support.client import COLLECTION, IDS
from support.simulator import Simulator
from support.upstream import GROUP, response, chunked, http

PRESENT = {name: value for name, value in GROUP.items() if value != []}  # protobuf does not distinguish an empty list from none


def test_a_create_arrives_as_the_contract_says_and_every_field_comes_back(client, upstream, token):
    upstream.script(response())
    assert client.create("api_group_001", remark="API group 1") == PRESENT
    [request] = upstream.requests
    assert (request.method, request.target) == ("POST", COLLECTION)
    assert request.json() == {"name": "api_group_001", "remark": "API group 1"}
    assert request.token == token.path.read_text()


def test_chinese_names_travel_as_utf8_both_ways(client, upstream):
    name = "接口分组（测试）：一、二"
    upstream.script(response(http(201, {**GROUP, "name": name})))
    assert client.create(name)["name"] == name
    assert name in upstream.requests[0].body.decode()


def test_the_longest_name_is_counted_in_characters(client, upstream):
    upstream.script(response())
    client.create("组" * 255)
    assert upstream.requests[0].json() == {"name": "组" * 255}


def test_text_that_json_escapes_arrives_unchanged(client, upstream):
    remark = 'quote " backslash \\ tab \t newline \n control \x01 slash / \U0001f600'
    upstream.script(response(http(201, {**GROUP, "remark": remark})))
    assert client.create(remark=remark)["remark"] == remark
    assert upstream.requests[0].json()["remark"] == remark


@pytest.mark.parametrize("optional", [{}, {"remark": ""}, {"version": ""}, {"roma_app_id": "a", "version": "V2"}])
def test_an_optional_field_is_sent_when_it_is_set_even_if_empty(client, upstream, optional):
    upstream.script(response())
    client.create(**optional)
    assert upstream.requests[0].json() == {"name": "api_group_001", **optional}


def test_ids_that_the_caller_leaves_out_are_filled_in(start, upstream):
    client = start("--project-id=own-project", "--instance-id=own-instance").client()
    upstream.script(response(), response())
    client.create(project_id="", instance_id="")
    client.create()
    assert [request.target for request in upstream.requests] == [
        "/v2/own-project/apigw/instances/own-instance/api-groups", COLLECTION]


@pytest.mark.parametrize("ids", [{"project_id": ""}, {"instance_id": ""}])
def test_a_missing_id_is_an_invalid_argument(client, ids):
    code, message = client.refusal(**ids)
    assert code == "INVALID_ARGUMENT"
    assert list(ids)[0] in message


@pytest.mark.parametrize("name", ["ab", "n" * 256, "_first", "has space", "", "semi;colon"])
def test_a_name_that_every_source_rejects_never_goes_upstream(client, name):
    code, message = client.refusal(name)
    assert code == "INVALID_ARGUMENT"
    assert "name" in message


def test_a_remark_of_1000_characters_is_accepted_and_1001_are_not(client, upstream):
    upstream.script(response())
    client.create(remark="注" * 1000)
    code, message = client.refusal(remark="注" * 1001)
    assert code == "INVALID_ARGUMENT"
    assert "remark" in message


def test_all_violations_are_reported_at_once(client):
    code, message = client.refusal("?", remark="r" * 1001)
    assert code == "INVALID_ARGUMENT"
    assert "name" in message and "remark" in message


@pytest.mark.parametrize("value", [".", "..", "%2e%2e"])
def test_a_path_value_cannot_walk_up(client, upstream, value):
    if "%" in value:  # only text that looks encoded; encoded once more it is harmless
        upstream.script(response())
        client.create(instance_id=value)
        assert "/instances/%252e%252e/" in upstream.requests[0].target
        return
    assert client.refusal(instance_id=value)[0] == "INVALID_ARGUMENT"


def test_a_path_value_is_percent_encoded(client, upstream):
    upstream.script(response())
    client.create(instance_id="a/b?c#d e%组")
    assert "/instances/a%2Fb%3Fc%23d%20e%25%E7%BB%84/api-groups" in upstream.requests[0].target


def test_fields_of_no_field_are_skipped_and_null_is_absent(client, upstream):
    upstream.script(response(http(201, {"id": "1", "new_field": {"deep": [1, None]}, "remark": None})))
    assert client.create() == {"id": "1"}


def test_a_number_that_is_not_listed_passes_and_a_scope_may_be_a_number(client, upstream):
    domains = [{"domain": "a.example.com", "cname_status": 9, "ingress_http_port": -1, "ssl_infos": [{"type": 2}]}]
    upstream.script(response(http(201, {"id": "1", "status": 77, "url_domains": domains})))
    domains = [{**domains[0], "ssl_infos": [{"type": "2"}]}]
    assert client.create() == {"id": "1", "status": 77, "url_domains": domains}


@pytest.mark.parametrize("data", [http(), chunked(), http(200), http(202)], ids=["length", "chunked", "200", "202"])
def test_every_success_and_framing_is_read(client, upstream, data):
    upstream.script(response(data))
    assert client.create() == PRESENT


def test_a_good_response_with_a_field_that_cannot_be_read_is_still_a_success(sidecar, client, upstream):
    upstream.script(response(http(201, {**GROUP, "status": "no number"})))
    assert client.create() == {name: value for name, value in PRESENT.items() if name != "status"}
    sidecar.wait_log(level="warning")


def test_connections_are_used_again(client, upstream):
    upstream.script(*[response()] * 20)
    for number in range(20):
        client.create(f"group_{number}")
    assert upstream.connections == 1


def test_many_calls_at_once_each_get_their_own_response(start, certificate, token):
    simulator = Simulator(certificate, token=token.path.read_text())
    simulator.certificate = certificate
    simulator.start()
    client = start(upstream=simulator).client()
    names = [f"group_{number}" for number in range(200)]
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        replies = list(threads.map(client.create, names))
    assert [reply["name"] for reply in replies] == names
    assert len(simulator.gateway(IDS["instance_id"]).groups) == 200
    with pytest.raises(grpc.RpcError) as refused:
        client.create(names[0])
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    simulator.close()
