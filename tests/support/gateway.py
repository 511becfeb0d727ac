# SPDX-License-Identifier: MIT
"""
One gateway in memory: its API groups with their domain names, certificates and gateway responses, and the vendor's rules for
them: names are unique, a group with APIs cannot be deleted, both ports of a domain name are set or none, the default gateway
response stays. Each function takes the parts of the path, the query and the body, and returns HTTP status and body.
"""
import datetime
import json
import re
import time
import uuid

GROUP_NAME = re.compile(r"[\u4e00-\u9fffA-Za-z0-9][\u4e00-\u9fffA-Za-z0-9\-_./():（）：、]{2,254}")
CERTIFICATE_NAME = re.compile(r"[\u4e00-\u9fffA-Za-z][\u4e00-\u9fffA-Za-z0-9_]{3,49}")
RESPONSE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
DOMAIN = re.compile(r"(\*|[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?){0,6}"
                    r"\.[A-Za-z]{2,64}\.?")
DOMAINS_OF_A_GROUP = 5
DEFINITION = {"status": 403, "body": '{"error_code":"$context.error.code"}', "default": True}
TYPES = ("ACCESS_DENIED", "AUTH_FAILURE", "NOT_FOUND", "THROTTLED")


class Failure(Exception):
    """A response of the vendor: HTTP status, error_code, error_msg."""


def invalid(parameter, code="APIG.2011"):
    return Failure(400, code, f"Invalid parameter value,parameterName:{parameter}. Please refer to the support documentation")


def missing(code, what, number):
    return Failure(404, code, f"The {what} does not exist;id:{number}")


def stamp():
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{datetime.datetime.utcfromtimestamp(seconds):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"


def whole(query, name, default):
    try:
        return int(query.get(name, default))
    except ValueError:
        raise invalid(name) from None


def page(found, query, name):
    offset, limit = whole(query, "offset", 0), whole(query, "limit", 20)
    shown = found[max(offset, 0):][:min(limit, 500) if limit > 0 else 20]
    return 200, {"size": len(shown), "total": len(found), name: shown}


def asked_name(body, pattern, field="name"):
    name = body.get(field) if isinstance(body, dict) else None
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise invalid(field)
    return name


class Gateway:
    """`groups`, `certificates` by ID; `responses` by the ID of the group; `with_apis`: IDs of groups that contain APIs."""

    def __init__(self):
        self.groups, self.certificates, self.responses, self.with_apis = {}, {}, {}, set()

    def group(self, number):
        if number not in self.groups:
            raise missing("APIG.3001", "API group", number)
        return self.groups[number]

    def check_free(self, name, own=None):
        if any(group["name"] == name and group["id"] != own for group in self.groups.values()):
            raise Failure(400, "APIG.3201", "The API group name already exists")

    def create_group(self, _path, _query, body):
        name = asked_name(body, GROUP_NAME)
        if len(body.get("remark", "")) > 1000:
            raise invalid("remark")
        if body.get("version", "V1") not in ("", "V1"):
            raise invalid("version")
        self.check_free(name)
        number, now = uuid.uuid4().hex, stamp()
        domain = f"{number}.apic.example.com"
        self.groups[number] = {
            "id": number, "name": name, "status": 1, "sl_domain": domain, "register_time": now, "update_time": now,
            "on_sell_status": 2, "url_domains": [], "sl_domain_access_enabled": True, "sl_domains": [domain],
            "remark": body.get("remark", ""), "call_limits": 0, "time_interval": 0, "time_unit": "", "is_default": 2,
            "version": "", "roma_app_id": "", "roma_app_name": "",
        }
        self.add_response(number, "default", {}, default=True)
        return 201, self.groups[number]

    def list_groups(self, _path, query, _body):
        name, exact = query.get("name", ""), query.get("precise_search") == "name"
        return page([group for group in self.groups.values()
                     if (group["name"] == name if exact else name in group["name"])
                     and query.get("id", group["id"]) == group["id"]], query, "groups")

    def show_group(self, path, _query, _body):
        return 200, self.group(path["group"])

    def update_group(self, path, _query, body):
        group, name = self.group(path["group"]), asked_name(body, GROUP_NAME)
        self.check_free(name, group["id"])
        group.update(name=name, remark=body.get("remark", group["remark"]), update_time=stamp())
        return 200, group

    def delete_group(self, path, _query, _body):
        number = self.group(path["group"])["id"]
        if number in self.with_apis:
            raise Failure(412, "APIG.3415", "The API group cannot be deleted because it contains APIs")
        del self.groups[number], self.responses[number]
        return 204, None

    def check_group(self, _path, _query, body):
        self.check_free(asked_name(body, GROUP_NAME, "group_name"))
        return 204, None

    def count_groups(self, _path, _query, _body):
        return 200, {"onsell_nums": 0, "offsell_nums": len(self.groups)}

    def set_subdomain(self, path, _query, body):
        if not isinstance(body, dict) or not isinstance(body.get("sl_domain_access_enabled"), bool):
            raise invalid("sl_domain_access_enabled")
        self.group(path["group"])["sl_domain_access_enabled"] = body["sl_domain_access_enabled"]
        return 204, None

    def domain(self, path):
        for group in self.groups.values():
            for domain in group["url_domains"]:
                if domain["id"] != path["domain"]:
                    continue
                if group["id"] != path["group"]:
                    raise Failure(400, "APIG.3474", "The API group ID in the URL does not match the API group to which the "
                                                    "URL domain has been bound")
                return domain
        raise missing("APIG.3020", "URL domain", path["domain"])

    def set_domain(self, domain, body):
        ports = [body.get(name) for name in ("ingress_http_port", "ingress_https_port")]
        if any(port is not None and port != -1 and not 1024 <= port <= 49151 for port in ports):
            raise Failure(400, "APIG.2025", "Invalid port number.")
        if body.get("min_ssl_version", "TLSv1.1") not in ("TLSv1.1", "TLSv1.2"):
            raise invalid("min_ssl_version", "APIG.2012")
        domain.update({name: value for name, value in body.items() if name in (
            "min_ssl_version", "is_http_redirect_to_https", "verified_client_certificate_enabled", "ingress_http_port",
            "ingress_https_port")})

    def associate_domain(self, path, _query, body):
        group, name = self.group(path["group"]), body.get("url_domain", "")
        if len(name) > 255 or not DOMAIN.fullmatch(name):
            raise Failure(400, "APIG.2024", "Invalid URL domain.")
        if ("ingress_http_port" in body) != ("ingress_https_port" in body):
            raise invalid("ingress_https_port", "APIG.2012")
        if any(domain["domain"] == name for other in self.groups.values() for domain in other["url_domains"]):
            raise Failure(400, "APIG.3305", "The URL domain name already exists.")
        if len(group["url_domains"]) == DOMAINS_OF_A_GROUP:
            raise Failure(403, "APIG.3108", "The number of domain names exceeds the maximum allowed limit.")
        domain = {"id": uuid.uuid4().hex, "domain": name, "cname_status": 1, "ssl_id": "", "ssl_name": "", "ssl_infos": [],
                  "min_ssl_version": "TLSv1.1", "is_http_redirect_to_https": False,
                  "verified_client_certificate_enabled": False}
        self.set_domain(domain, body)
        group["url_domains"].append(domain)
        return 201, shown_domain(domain)

    def update_domain(self, path, _query, body):
        domain = self.domain(path)
        if "min_ssl_version" not in body:
            raise invalid("min_ssl_version", "APIG.2012")
        self.set_domain(domain, body)
        return 201, shown_domain(domain)

    def disassociate_domain(self, path, _query, _body):
        domain = self.domain(path)
        self.group(path["group"])["url_domains"].remove(domain)
        return 204, None

    def associate_certificate(self, path, _query, body):
        domain, name = self.domain(path), asked_name(body, CERTIFICATE_NAME)
        if not all("-----BEGIN " in body.get(part, "") for part in ("cert_content", "private_key")):
            raise Failure(400, "APIG.2106", "Invalid certificate or private key.")
        number = uuid.uuid4().hex
        self.certificates[number] = {
            "id": number, "name": name, "type": "global", "instance_id": "common", "create_time": stamp(), "version": 3,
            "san": [domain["domain"]], "common_name": domain["domain"]}
        self.bind(domain, number)
        return 201, {**shown_domain(domain), "ssl_id": number, "ssl_name": name}

    def bind(self, domain, number):
        if all(info["ssl_id"] != number for info in domain["ssl_infos"]):
            domain["ssl_infos"].append({"ssl_id": number, "ssl_name": self.certificate(number)["name"], "algorithm_type": "RSA",
                                        "type": "global"})
        domain.update(ssl_id=number, ssl_name=self.certificate(number)["name"])

    def unbind(self, domain, number):
        left = [info for info in domain["ssl_infos"] if info["ssl_id"] != number]
        if len(left) == len(domain["ssl_infos"]):
            raise missing("APIG.3097", "binding record of this SSL certificate and domain name", number)
        domain.update(ssl_infos=left, ssl_id=left[0]["ssl_id"] if left else "", ssl_name=left[0]["ssl_name"] if left else "")

    def certificate(self, number):
        if number not in self.certificates:
            raise missing("APIG.3025", "certificate", number)
        return self.certificates[number]

    def show_certificate(self, path, _query, _body):
        self.domain(path)
        return 200, self.certificate(path["certificate"])

    def disassociate_certificate(self, path, _query, _body):
        self.unbind(self.domain(path), path["certificate"])
        return 204, None

    def attach(self, path, _query, body):
        domain, numbers = self.domain(path), body.get("certificate_ids") or []
        for number in numbers:
            self.certificate(number)
        for number in numbers:
            self.bind(domain, number)
        return 204, None

    def detach(self, path, _query, body):
        domain = self.domain(path)
        for number in body.get("certificate_ids") or []:
            self.unbind(domain, number)
        return 204, None

    def add_response(self, group, name, responses, default=False):
        number, now = uuid.uuid4().hex, stamp()
        definitions = {**{each: DEFINITION for each in TYPES},
                       **{each: {**given, "default": False} for each, given in responses.items()}}
        made = {"id": number, "name": name, "responses": definitions, "default": default, "create_time": now, "update_time": now}
        self.responses.setdefault(group, {})[number] = made
        return made

    def response(self, path):
        self.group(path["group"])
        if path["response"] not in self.responses[path["group"]]:
            raise missing("APIG.3001", "response", path["response"])
        return self.responses[path["group"]][path["response"]]

    def create_response(self, path, _query, body):
        self.group(path["group"])
        name = asked_name(body, RESPONSE_NAME)
        if any(made["name"] == name for made in self.responses[path["group"]].values()):
            raise Failure(400, "APIG.3216", "The response name already exists.")
        return 201, self.add_response(path["group"], name, body.get("responses", {}))

    def list_responses(self, path, query, _body):
        self.group(path["group"])
        return page(list(self.responses[path["group"]].values()), query, "responses")

    def show_response(self, path, _query, _body):
        return 200, self.response(path)

    def update_response(self, path, _query, body):
        response, name = self.response(path), asked_name(body, RESPONSE_NAME)
        if response["default"] and name != response["name"]:
            raise Failure(409, "APIG.3492", "The default response name cannot be modified.")
        response.update(name=name, update_time=stamp())
        for each, given in body.get("responses", {}).items():
            response["responses"][each] = {**given, "default": False}
        return 200, response

    def delete_response(self, path, _query, _body):
        if self.response(path)["default"]:
            raise Failure(409, "APIG.3491", "The default response cannot be deleted.")
        del self.responses[path["group"]][path["response"]]
        return 204, None

    def definition(self, path):
        definitions = self.response(path)["responses"]
        if path["type"] not in definitions:
            raise invalid("response_type", "APIG.2012")
        return definitions

    def show_type(self, path, _query, _body):
        return 200, {path["type"]: self.definition(path)[path["type"]]}

    def update_type(self, path, _query, body):
        self.definition(path)[path["type"]] = {**body, "default": False}
        return 200, {path["type"]: self.definition(path)[path["type"]]}

    def delete_type(self, path, _query, _body):
        self.definition(path)[path["type"]] = DEFINITION
        return 204, None


def shown_domain(domain):
    """A domain name as the responses of its own methods have it; within a group it has other names for some fields."""
    own = {name: value for name, value in domain.items() if name not in ("domain", "cname_status", "ssl_id", "ssl_name", "ssl_infos")}
    return {**own, "url_domain": domain["domain"], "status": domain["cname_status"]}


GROUPS = r"/api-groups"
ONE = GROUPS + r"/(?P<group>[^/]+)"
DOMAINS = ONE + r"/domains"
NAME = DOMAINS + r"/(?P<domain>[^/]+)"
CERTIFICATE = NAME + r"/certificate/(?P<certificate>[^/]+)"
RESPONSES = ONE + r"/gateway-responses"
RESPONSE = RESPONSES + r"/(?P<response>[^/]+)"
TYPE = RESPONSE + r"/(?P<type>[^/]+)"

# Method, path below the gateway, function; the first row that fits counts.
ROUTES = [(method, re.compile(path), handle) for method, path, handle in [
    ("POST", GROUPS, Gateway.create_group), ("GET", GROUPS, Gateway.list_groups),
    ("POST", GROUPS + "/check", Gateway.check_group), ("GET", "/resources/outline/groups", Gateway.count_groups),
    ("GET", ONE, Gateway.show_group), ("PUT", ONE, Gateway.update_group), ("DELETE", ONE, Gateway.delete_group),
    ("PUT", ONE + "/sl-domain-access-settings", Gateway.set_subdomain),
    ("POST", DOMAINS, Gateway.associate_domain), ("PUT", NAME, Gateway.update_domain),
    ("DELETE", NAME, Gateway.disassociate_domain),
    ("POST", NAME + "/certificate", Gateway.associate_certificate), ("GET", CERTIFICATE, Gateway.show_certificate),
    ("DELETE", CERTIFICATE, Gateway.disassociate_certificate),
    ("POST", NAME + "/certificates/attach", Gateway.attach), ("POST", NAME + "/certificates/detach", Gateway.detach),
    ("POST", RESPONSES, Gateway.create_response), ("GET", RESPONSES, Gateway.list_responses),
    ("GET", RESPONSE, Gateway.show_response), ("PUT", RESPONSE, Gateway.update_response),
    ("DELETE", RESPONSE, Gateway.delete_response),
    ("GET", TYPE, Gateway.show_type), ("PUT", TYPE, Gateway.update_type), ("DELETE", TYPE, Gateway.delete_type),
]]


def route(method, path):
    """(function, parts of the path); None when there is none."""
    for row_method, pattern, handle in ROUTES:
        match = pattern.fullmatch(path)
        if match and row_method == method:
            return handle, match.groupdict()
    return None


def read_body(body):
    """The JSON of a request; an error of the vendor when it is not an object."""
    try:
        read = json.loads(body) if body else {}
    except ValueError:
        raise invalid("body") from None
    if not isinstance(read, dict):
        raise invalid("body")
    return read
