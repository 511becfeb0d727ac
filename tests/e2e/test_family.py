# SPDX-License-Identifier: MIT
"""Does each service of the family work against a gateway with the vendor's rules, and say which action failed on which thing?"""
import grpc
import pytest

from support import api
from support.client import IDS, refusal
from support.simulator import Simulator

PEM = {"cert_content": "-----BEGIN CERTIFICATE-----\n", "private_key": "-----BEGIN PRIVATE KEY-----\n"}


@pytest.fixture
def simulator(certificate, token):
    made = Simulator(certificate, token=token.path.read_text())
    made.certificate = certificate
    made.start()
    yield made
    made.close()


@pytest.fixture
def gateway(simulator):
    return simulator.gateway(IDS["instance_id"])


@pytest.fixture
def call(start, simulator):
    """Makes a call without the IDs that the sidecar's options fill in, and returns the reply as a dict."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in IDS.items()]
    client = start(upstream=simulator, options=options).client()

    def made(method, **values):
        return api.to_dict(client.call(method, values).result())
    made.refused = lambda method, **values: refusal(client.call(method, values))
    return made


@pytest.fixture
def group(call):
    return call("CreateApiGroup", name="orders")["id"]


@pytest.fixture
def domain(call, group):
    return call("AssociateDomain", group_id=group, url_domain="www.example.com")["id"]


def test_a_group_is_created_found_changed_and_deleted(call, gateway):
    call("CheckApiGroups", group_name="orders")
    created = call("CreateApiGroup", name="orders", remark="first")
    number = created["id"]
    assert call("ListApiGroups", name="orders", precise_search="name")["groups"] == [created]
    assert call("ShowDetailsOfApiGroup", group_id=number) == created
    assert call("UpdateApiGroup", group_id=number, name="orders-2")["name"] == "orders-2"
    call("UpdateSlDomainSetting", group_id=number, sl_domain_access_enabled=False)
    changed = call("ShowDetailsOfApiGroup", group_id=number)
    assert (changed["name"], changed["remark"], changed["sl_domain_access_enabled"]) == ("orders-2", "first", False)
    assert call("ListApiGroupsQuantities")["offsell_nums"] == 1
    assert call("DeleteApiGroup", group_id=number) == {}
    assert not gateway.groups


def test_names_of_groups_are_unique(call, group):
    other = call("CreateApiGroup", name="invoices")["id"]
    for method, values in (("CreateApiGroup", {"name": "orders"}), ("CheckApiGroups", {"group_name": "orders"}),
                           ("UpdateApiGroup", {"group_id": other, "name": "orders"})):
        assert call.refused(method, **values)[0] == "ALREADY_EXISTS"
    assert call("UpdateApiGroup", group_id=group, name="orders", remark="again")["remark"] == "again"


def test_a_group_with_apis_stays(call, gateway, group):
    gateway.with_apis.add(group)
    code, message = call.refused("DeleteApiGroup", group_id=group)
    assert code == "FAILED_PRECONDITION" and message.startswith("delete API group: The API group cannot be deleted")
    assert group in gateway.groups


@pytest.mark.parametrize("method, values", [
    ("ShowDetailsOfApiGroup", {}), ("UpdateApiGroup", {"name": "orders"}), ("DeleteApiGroup", {}),
    ("UpdateSlDomainSetting", {"sl_domain_access_enabled": True}), ("AssociateDomain", {"url_domain": "www.example.com"}),
    ("ListGatewayResponses", {}), ("CreateGatewayResponse", {"name": "own"}),
])
def test_a_missing_group_is_not_found_and_the_message_names_the_action(call, method, values):
    code, message = call.refused(method, group_id="0" * 32, **values)
    assert code == "NOT_FOUND" and message.startswith(api.method(method).name[:4].lower()) and "APIG.3001" in message


def test_a_page_of_groups_says_how_many_there_are(call):
    for number in range(3):
        call("CreateApiGroup", name=f"group_{number}")
    found = call("ListApiGroups", limit=2, offset=2)
    assert (found["size"], found["total"], found["groups"][0]["name"]) == (1, "3", "group_2")


def test_a_domain_name_is_bound_changed_and_unbound(call, gateway, group, domain):
    changed = call("UpdateDomain", group_id=group, domain_id=domain, min_ssl_version="TLSv1.2", ingress_https_port=8443)
    assert (changed["id"], changed["min_ssl_version"], changed["ingress_https_port"]) == (domain, "TLSv1.2", 8443)
    [shown] = call("ShowDetailsOfApiGroup", group_id=group)["url_domains"]
    assert (shown["id"], shown["domain"], shown["min_ssl_version"]) == (domain, "www.example.com", "TLSv1.2")
    call("DisassociateDomain", group_id=group, domain_id=domain)
    assert call.refused("DisassociateDomain", group_id=group, domain_id=domain)[0] == "NOT_FOUND"
    assert gateway.groups[group]["url_domains"] == []


@pytest.mark.parametrize("values, code", [
    ({"url_domain": "www.example.com"}, "ALREADY_EXISTS"),
    ({"url_domain": "no domain"}, "INVALID_ARGUMENT"),
    ({"url_domain": "a.example.com", "ingress_http_port": 8080}, "INVALID_ARGUMENT"),
    ({"url_domain": "a.example.com", "ingress_http_port": 500, "ingress_https_port": 500}, "INVALID_ARGUMENT"),
    ({"url_domain": "a.example.com", "ingress_http_port": 50000, "ingress_https_port": -1}, "INVALID_ARGUMENT"),
])
def test_a_domain_name_that_the_rules_forbid_is_refused(call, group, domain, values, code):
    assert call.refused("AssociateDomain", group_id=group, **values)[0] == code


def test_a_group_has_five_domain_names_at_most(call, group):
    for number in range(5):
        call("AssociateDomain", group_id=group, url_domain=f"a{number}.example.com")
    assert call.refused("AssociateDomain", group_id=group, url_domain="a5.example.com")[0] == "RESOURCE_EXHAUSTED"


def test_a_domain_name_of_another_group_is_an_invalid_argument(call, domain):
    other = call("CreateApiGroup", name="invoices")["id"]
    code, message = call.refused("DisassociateDomain", group_id=other, domain_id=domain)
    assert code == "INVALID_ARGUMENT" and message.startswith("disassociate domain: ")


def test_a_certificate_is_bound_shown_detached_attached_and_unbound(call, group, domain):
    where = {"group_id": group, "domain_id": domain}
    number = call("AssociateCertificate", **where, name="cert_demo", **PEM)["ssl_id"]
    assert call("ShowDetailsOfDomainNameCertificate", **where, certificate_id=number)["san"] == ["www.example.com"]
    call("BatchDisassociateCerts", **where, certificate_ids=[number])
    assert call.refused("BatchDisassociateCerts", **where, certificate_ids=[number])[0] == "NOT_FOUND"
    call("BatchAssociateCerts", **where, certificate_ids=[number])
    [shown] = call("ShowDetailsOfApiGroup", group_id=group)["url_domains"]
    assert [info["ssl_id"] for info in shown["ssl_infos"]] == [number]
    call("DisassociateCertificate", **where, certificate_id=number)
    assert call.refused("AssociateCertificate", **where, name="cert_demo", cert_content="no", private_key="no")[0] == "INVALID_ARGUMENT"


def test_a_gateway_response_is_created_changed_and_deleted(call, group):
    own = {"status": 401, "body": "no", "headers": [{"key": "x-why", "value": "no"}]}
    number = call("CreateGatewayResponse", group_id=group, name="own", responses={"AUTH_FAILURE": own})["id"]
    where = {"group_id": group, "response_id": number}
    assert call("ListGatewayResponses", group_id=group)["total"] == "2"
    shown = call("ShowDetailsOfGatewayResponse", **where)["responses"]["AUTH_FAILURE"]
    assert shown == {**own, "default": False}
    changed = call("UpdateGatewayResponseType", **where, response_type="THROTTLED", response={"status": 429})
    assert changed["responses"] == {"THROTTLED": {"status": 429, "default": False}}
    call("DeleteGatewayResponseType", **where, response_type="THROTTLED")
    assert call("ShowDetailsOfGatewayResponseType", **where, response_type="THROTTLED")["responses"]["THROTTLED"]["default"]
    assert call("UpdateGatewayResponse", **where, name="own-2")["name"] == "own-2"
    assert call.refused("CreateGatewayResponse", group_id=group, name="own-2")[0] == "ALREADY_EXISTS"
    call("DeleteGatewayResponse", **where)


def test_the_default_gateway_response_is_neither_deleted_nor_renamed(call, group):
    [default] = call("ListGatewayResponses", group_id=group)["responses"]
    where = {"group_id": group, "response_id": default["id"]}
    for method, values in (("DeleteGatewayResponse", {}), ("UpdateGatewayResponse", {"name": "other"})):
        assert call.refused(method, **where, **values)[0] == "FAILED_PRECONDITION"


def test_gateways_are_listed_and_the_filter_by_id_is_the_callers_own(call, gateway, simulator):
    simulator.gateway("1" * 32)
    found = call("ListInstances")["instances"]
    assert {each["id"] for each in found} == {IDS["instance_id"], "1" * 32}
    assert call("ListInstances", instance_id="1" * 32)["total"] == "1"


def test_ids_that_no_option_fills_in_are_required(start, simulator):
    call = start(upstream=simulator).client().call("ListInstances", {})
    assert call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert call.details() == "list instances: project_id: must be set, by the caller or with --project-id"
