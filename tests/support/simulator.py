# SPDX-License-Identifier: MIT
"""
APIG's management API as far as API groups go, over TLS and in memory: what the vendor's reference documents and what its
services were seen to send (zeros, empty strings, nanoseconds, errors of the front gateway with a request id, chunked).
"""
import datetime
import http.server
import json
import re
import ssl
import threading
import time
import urllib.parse
import uuid

COLLECTION = re.compile(r"/v2/([^/]+)/apigw/instances/([^/]+)/api-groups(?:/([^/]+))?")
NAME = re.compile(r"[\u4e00-\u9fffA-Za-z0-9][\u4e00-\u9fffA-Za-z0-9\-_./():（）：、]{2,254}")


class Failure(Exception):
    """A response of the vendor: HTTP status, error_code, error_msg."""


class Simulator:
    def __init__(self, certificate, port=0, token=None, instances=None, journal=None, host="127.0.0.1", verifier=None):
        """`token`: the one that is accepted, or any when None; `verifier`: of signatures, which are accepted instead of
        tokens; `instances`: the gateways that exist, or all; `journal` is called with each exchange."""
        self.token, self.instances, self.journal, self.verifier = token, instances, journal, verifier
        self.groups = {}  # instance id → name → group
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer((host, port), Handler)
        self.server.daemon_threads = True
        self.server.simulator = self
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self.context = context
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}"

    def serve(self):
        self.server.serve_forever(poll_interval=0.1)

    def start(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def response(self, method, target, fields, body):
        """(HTTP status, body or None) of one request."""
        path, _, query = target.partition("?")
        match = COLLECTION.fullmatch(path)
        handle = HANDLERS.get((method, bool(match and match[3])))
        if not match or not handle:
            raise Failure(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
        self.authenticate(method, target, fields, body)
        if self.instances is not None and match[2] not in self.instances:
            raise Failure(404, "APIG.3030", f"The instance does not exist;id:{match[2]}")
        with self.lock:
            groups = self.groups.setdefault(match[2], {})
            return handle(groups, match[3], dict(urllib.parse.parse_qsl(query)), body)

    def authenticate(self, method, target, fields, body):
        token = fields.get("x-auth-token")
        if self.verifier:
            refusal = self.verifier.refusal(method, target, fields, body)
            if refusal:
                raise Failure(401, "APIGW.0301", refusal)
        elif not token or (self.token and token != self.token):
            raise Failure(401, "APIG.1002", "Incorrect token or token resolution failed")


def create(groups, _id, _query, body):
    try:
        asked = json.loads(body)
        name = asked["name"]
    except (ValueError, KeyError, TypeError):
        raise invalid("name") from None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid("name")
    if len(asked.get("remark", "")) > 1000:
        raise invalid("remark")
    if asked.get("version", "V1") not in ("", "V1"):
        raise invalid("version")
    if name in groups:
        raise Failure(400, "APIG.3201", "The API group name already exists")
    groups[name] = new_group(name, asked.get("remark", ""))
    return 201, groups[name]


def invalid(parameter):
    return Failure(400, "APIG.2011", f"Invalid parameter value,parameterName:{parameter}."
                                     " Please refer to the support documentation")


def new_group(name, remark):
    number = uuid.uuid4().hex
    domain = f"{number}.apic.example.com"
    now = stamp()
    return {
        "id": number, "name": name, "status": 1, "sl_domain": domain, "register_time": now, "update_time": now,
        "on_sell_status": 2, "url_domains": [], "sl_domain_access_enabled": True, "sl_domains": [domain],
        "remark": remark, "call_limits": 0, "time_interval": 0, "time_unit": "", "is_default": 2, "version": "",
        "roma_app_id": "", "roma_app_name": "",
    }


def stamp():
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{datetime.datetime.utcfromtimestamp(seconds):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"


def list_groups(groups, _id, query, _body):
    name = query.get("name", "")
    exact = query.get("precise_search") == "name"
    found = [group for group in groups.values()
             if (group["name"] == name if exact else name in group["name"])
             and query.get("id", group["id"]) == group["id"]]
    offset, limit = whole(query, "offset", 0), whole(query, "limit", 20)
    page = found[max(offset, 0):][:min(limit, 500) if limit > 0 else 20]
    return 200, {"size": len(page), "total": len(found), "groups": page}


def whole(query, name, default):
    try:
        return int(query.get(name, default))
    except ValueError:
        raise invalid(name) from None


def show(groups, number, _query, _body):
    return 200, by_id(groups, number)


def delete(groups, number, _query, _body):
    del groups[by_id(groups, number)["name"]]
    return 204, None


def by_id(groups, number):
    for group in groups.values():
        if group["id"] == number:
            return group
    raise Failure(404, "APIG.3001", f"The API group does not exist;id:{number}")


# (method, whether the path names a group) → the method that handles it
HANDLERS = {
    ("POST", False): create, ("GET", False): list_groups, ("GET", True): show, ("DELETE", True): delete,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for each response

    def setup(self):
        self.request = self.server.simulator.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # clients may close at any time

    def exchange(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request_id = uuid.uuid4().hex
        try:
            status, response = self.server.simulator.response(
                self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        except Failure as failure:
            status, code, message = failure.args
            response = {"error_code": code, "error_msg": message}
            if code.startswith("APIGW."):
                response["request_id"] = request_id
        content = b"" if response is None else json.dumps(response, ensure_ascii=False).encode()
        if self.server.simulator.journal:  # before the response, so that its receiver finds the entry
            self.server.simulator.journal(self, body, status, content, request_id)
        self.respond(status, content, request_id)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = exchange

    def respond(self, status, content, request_id):
        self.send_response(status)
        self.send_header("X-Request-Id", request_id)
        if status == 204:
            self.end_headers()
        elif status < 400:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:  # the front gateway was seen to send errors in this form
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content))
        self.wfile.flush()

    def version_string(self):
        return "api-gateway"

    def log_message(self, *_arguments):
        pass
