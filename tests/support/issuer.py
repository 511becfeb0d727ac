# SPDX-License-Identifier: MIT
"""
The services that issue credentials: the metadata service and the pod identity agent over HTTP, IAM and STS over TLS. Each is
one server that answers by a rule, counts its requests, and fails on order.
"""
import collections
import datetime
import http.server
import json
import ssl
import threading
import time
from dataclasses import dataclass

from support.signature import Key


def stamp(seconds, digits=6):
    """The time that many seconds from now, as the vendor writes it."""
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return f"{then:%Y-%m-%dT%H:%M:%S}.{'0' * digits}Z"


class Keys:
    """Temporary keys: each is another one than the one before, and the verifier knows it from then on."""

    def __init__(self, verifier=None, life=3600):
        self.verifier, self.life, self.issued = verifier, life, []

    def next(self):
        number = len(self.issued)
        key = Key(f"TEMPORARYKEY{number:08}", f"secret-of-key-{number:04}-aK3vQ9xT7mZ2rW5y",
                  f"token-of-key-{number:04}-" + "gQpjbi1ub3J0aC00i" * 40)
        self.issued.append(key)
        if self.verifier:
            self.verifier.keys.append(key)
        return key


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: object
    body: bytes

    @property
    def fields(self):
        """The headers by their names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}


class Cut(bytes):
    """A body that the end of the connection cuts off."""


class Issuer:
    """
    `rule` is a function of the request, which has method, path, headers and body, and returns (status, fields, body). With
    `fault` set, that is the answer instead, or, if it is a function, its result; `delay` is waited first.
    """

    def __init__(self, rule, certificate=None):
        self.rule, self.fault, self.delay, self.skew = rule, None, 0, 0
        self.requests, self.changed, self.running, self.most_running = [], threading.Condition(), 0, 0
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + issuer.skew)

            def answer(self):
                request = Request(self.command, self.path, self.headers,
                                  self.rfile.read(int(self.headers.get("Content-Length", 0))))
                with issuer.changed:
                    issuer.requests.append(request)
                    issuer.running += 1
                    issuer.most_running = max(issuer.most_running, issuer.running)
                    issuer.changed.notify_all()
                time.sleep(issuer.delay)
                fault = issuer.fault
                status, fields, body = fault(request) if callable(fault) else fault or issuer.rule(request)
                with issuer.changed:
                    issuer.running -= 1
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.close_connection = isinstance(content, Cut)
                for name, value in {**fields, "Content-Length": len(content) + self.close_connection}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme, name = "http", "127.0.0.1"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme, name = "https", "localhost"
        self.url = f"{scheme}://{name}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path):
        return sum(request.path.startswith(path) for request in self.requests)

    def wait(self, count, path="/", seconds=60):
        with self.changed:
            assert self.changed.wait_for(lambda: self.count(path) >= count, seconds), [request.path for request in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


SECURITY_KEY = "/openstack/latest/securitykey"
PROJECT = "0123456789abcdef0123456789abcdef"


def metadata(keys, version=2, project=PROJECT):
    """The rule of the metadata service, of version 2, which wants a token, or 1."""
    def rule(request):
        if request.path == "/meta-data/latest/api/token":
            if version == 1:
                return 404, {}, b"not found"
            assert request.method == "PUT" and request.headers["X-Metadata-Token-Ttl-Seconds"] == "21600"
            return 200, {}, b"metadata-token-0123456789abcdef"
        assert request.method == "GET"
        if version == 2 and request.headers.get("X-Metadata-Token") != "metadata-token-0123456789abcdef":
            return 401, {}, b"unauthorized"
        if request.path == "/openstack/latest/meta_data.json":
            return 200, {}, {"project_id": project, "region_id": "cn-north-4"}
        assert request.path == SECURITY_KEY
        key = keys.next()
        return 200, {}, {"credential": {"access": key.access, "secret": key.secret, "securitytoken": key.security_token,
                                        "expires_at": stamp(keys.life)}}
    return rule


def pod_agent(keys, token):
    """The rule of the agent of CCE Pod Identity."""
    def rule(request):
        assert request.method == "POST" and json.loads(request.body) == {}
        if request.headers.get("Authorization") != token():
            return 401, {}, {"error_code": "CCE.01401001", "error_msg": "the token is not valid"}
        key = keys.next()
        return 200, {}, {"credentials": {"accessKeyId": key.access, "secretAccessKey": key.secret,
                                         "securityToken": key.security_token, "expiration": stamp(keys.life, 0).replace(".Z", "Z")},
                         "audience": "service.cce.pods"}
    return rule


class Tokens:
    """Tokens of IAM: each is another one than the one before, and is good until it is revoked."""

    def __init__(self, life=86400):
        self.life, self.issued, self.good = life, [], set()

    def next(self):
        token = f"MIIissued-{len(self.issued):04}-" + "0f1e2d3c4b5a6978" * 8
        self.issued.append(token)
        self.good.add(token)
        return token


def token_answer(tokens, project=PROJECT):
    return 201, {"X-Subject-Token": tokens.next()}, {
        "token": {"expires_at": stamp(tokens.life), "issued_at": stamp(0), "methods": ["password"], "roles": [],
                  "project": {"id": project, "name": "cn-north-4", "domain": {"name": "shop"}}}}


def keystone(status, message):
    """A refusal of IAM's older paths."""
    return status, {"X-IAM-Trace-Id": f"trace-{time.monotonic_ns()}"}, {"error": {"code": status, "message": message, "title": "Error"}}


MOST_WRONG_PASSWORDS = 5


def iam_users(tokens, users):
    """The rule of IAM for users, {(name, domain): password}; wrong passwords in a row lock the user, as they do by default."""
    wrong = collections.Counter()

    def rule(request):
        assert request.method == "POST" and request.path.partition("?")[0] == "/v3/auth/tokens"
        auth = json.loads(request.body)["auth"]
        assert auth["identity"]["methods"] == ["password"] and auth["scope"]["project"]
        user = auth["identity"]["password"]["user"]
        known = user["name"], user["domain"]["name"]
        if wrong[known] >= MOST_WRONG_PASSWORDS:
            return keystone(401, "The account is locked.")
        if users.get(known) != user["password"]:
            wrong[known] += 1
            return keystone(401, "The username or password is wrong.")
        del wrong[known]
        return token_answer(tokens)
    return rule


def iam_providers(tokens, provider, id_token):
    """The rule of IAM for identity providers; `id_token` is a function."""
    def rule(request):
        assert request.method == "POST" and request.path == "/v3.0/OS-AUTH/id-token/tokens"
        if request.headers["X-Idp-Id"] != provider:
            return 404, {}, {"error_code": "IAM.0004", "error_msg": "Could not find the identity provider"}
        if json.loads(request.body)["auth"]["id_token"]["id"] != id_token():
            return 401, {}, {"error_code": "IAM.0001", "error_msg": "The ID token is not valid"}
        return token_answer(tokens)
    return rule


def projects(verifier, listed=(PROJECT,)):
    """The rule of IAM for the projects of a name, for requests that the verifier accepts."""
    def rule(request):
        assert request.method == "GET" and request.path.startswith("/v3/projects?name=")
        refusal = verifier.refusal(request.method, request.path, request.fields, request.body)
        return keystone(401, refusal) if refusal else (200, {}, {"projects": [{"id": each} for each in listed]})
    return rule


def sts(keys, provider, agency, id_token, listed=(PROJECT,)):
    """The rule of STS, and of IAM for the projects of a name."""
    def rule(request):
        if request.path.startswith("/v3/projects"):
            return projects(keys.verifier, listed)(request)
        assert request.method == "POST" and request.path == "/v5/agencies/assume-with-oidc"
        asked = json.loads(request.body)
        if (asked["provider_urn"], asked["agency_urn"], asked["id_token"]) != (provider, agency, id_token()):
            return 403, {}, {"error_code": "STS.0003", "error_msg": "The agency does not trust the provider"}
        assert 2 <= len(asked["agency_session_name"]) <= 128
        key = keys.next()
        return 200, {}, {"credentials": {"access_key_id": key.access, "secret_access_key": key.secret,
                                         "security_token": key.security_token, "expiration": stamp(keys.life, 3)}}
    return rule


def agencies(keys, agency, domain, may_assume, listed=(PROJECT,)):
    """
    The rule of IAM and STS for an agency, by its name with the account's, or by its URN. `may_assume` is a function of the
    request and returns a refusal or None.
    """
    def rule(request):
        if request.path.startswith("/v3/projects"):
            return projects(keys.verifier, listed)(request)
        asked, is_new = json.loads(request.body), request.path == "/v5/agencies/assume"
        assert is_new or request.path == "/v3.0/OS-CREDENTIAL/securitytokens"
        refusal = may_assume(request, request.fields)
        if refusal:
            return keystone(401, refusal)
        if is_new:
            assert asked["agency_urn"] == f"iam::{domain}:agency:{agency}" and asked["agency_session_name"]
            key = keys.next()
            return 200, {}, {"credentials": {"access_key_id": key.access, "secret_access_key": key.secret,
                                             "security_token": key.security_token, "expiration": stamp(keys.life)}}
        identity = asked["auth"]["identity"]
        assert identity["methods"] == ["assume_role"]
        assert identity["assume_role"] == {"agency_name": agency, "domain_name": domain, "duration_seconds": 21600}
        key = keys.next()
        return 201, {}, {"credential": {"access": key.access, "secret": key.secret, "securitytoken": key.security_token,
                                        "expires_at": stamp(keys.life)}}
    return rule
