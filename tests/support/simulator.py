# SPDX-License-Identifier: MIT
"""
APIG's management API as far as the family of API groups goes, over TLS and in memory; support/gateway.py has the rules. It
responds in the forms that the vendor's services were seen to send: zeros, empty strings, nanoseconds, errors of the front
gateway with a request id, chunked.
"""
import http.server
import json
import re
import ssl
import threading
import urllib.parse
import uuid

from support.gateway import Failure, Gateway, page, read_body, route

INSTANCES = re.compile(r"/v2/(?P<project>[^/]+)/apigw/instances")
BELOW_INSTANCE = re.compile(INSTANCES.pattern + r"/(?P<instance>[^/]+)(?P<rest>/.+)")


class Simulator:
    def __init__(self, certificate, port=0, token=None, instances=None, journal=None, host="127.0.0.1", verifier=None):
        """`token`: the one that is accepted, or any when None; `verifier`: of signatures, which are accepted instead of
        tokens; `instances`: the gateways that exist, or all; `journal` is called with each exchange."""
        self.token, self.instances, self.journal, self.verifier = token, instances, journal, verifier
        self.gateways = {}  # by instance ID; each is made when it is first needed
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
        query = dict(urllib.parse.parse_qsl(query))
        match = BELOW_INSTANCE.fullmatch(path)
        found = route(method, match["rest"]) if match else None
        if not found and not (method == "GET" and INSTANCES.fullmatch(path)):
            raise Failure(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
        self.authenticate(method, target, fields, body)
        with self.lock:
            if not found:
                return self.list_instances(query)
            if self.instances is not None and match["instance"] not in self.instances:
                raise Failure(404, "APIG.3030", f"The instance does not exist;id:{match['instance']}")
            handle, parts = found
            return handle(self.gateway(match["instance"]), parts, query, read_body(body))

    def gateway(self, instance):
        return self.gateways.setdefault(instance, Gateway())

    def list_instances(self, query):
        known = self.gateways if self.instances is None else self.instances
        return page([{"id": instance, "instance_name": f"apig-{instance[:8]}", "status": "Running", "instance_status": 6,
                      "type": "apig", "spec": "BASIC", "create_time": 1585302825070, "charging_mode": 0} for instance in known
                     if query.get("instance_id", instance) == instance], query, "instances")

    def authenticate(self, method, target, fields, body):
        token = fields.get("x-auth-token")
        if self.verifier:
            refusal = self.verifier.refusal(method, target, fields, body)
            if refusal:
                raise Failure(401, "APIGW.0301", refusal)
        elif not token or (self.token and token != self.token):
            raise Failure(401, "APIG.1002", "Incorrect token or token resolution failed")


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
