# SPDX-License-Identifier: MIT
"""Does the example that renews a token call IAM as its documentation says, write one Secret, and print no secret?"""
import base64
import http.server
import json
import ssl
import subprocess
import threading

import pytest
from manifests import DEPLOY, named

from support.certificate import make_certificate
from support.sidecar import environment

TOKEN, PASSWORD, BEARER = "MIItoken-of-iam", "password-of-the-user", "bearer-of-the-account"
SECRET_PATH = "/api/v1/namespaces/shop/secrets/apig-token"


class Peers(http.server.BaseHTTPRequestHandler):
    """Serves IAM and Kubernetes at one address."""

    def do_POST(self):
        self.take()
        self.response(self.server.iam_status, {"token": {"expires_at": "2026-01-04T09:05:22.701000Z"}})

    def do_PATCH(self):
        self.take()
        self.response(200, {})

    def take(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append((self.command, self.path, self.headers, body))

    def response(self, status, body):
        self.send_response(status)
        self.send_header("X-Subject-Token", TOKEN)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def peers(tmp_path):
    certificate = make_certificate(tmp_path / "certificate")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.certificate, server.taken, server.iam_status = certificate.certificate, [], 201
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def refresh(peers, tmp_path):
    user, account = tmp_path / "user", tmp_path / "account"
    for directory, files in ((user, {"name": "apig", "password": PASSWORD + "\n", "domain": "shop"}),
                             (account, {"namespace": "shop", "token": BEARER, "ca.crt": peers.certificate.read_text()})):
        directory.mkdir()
        for name, content in files.items():
            (directory / name).write_text(content)
    options = dict(named("iam-token", "ConfigMap", config_map())["data"], IAM_ENDPOINT=f"https://localhost:{peers.server_port}",
                   IAM_USER_DIRECTORY=user, ACCOUNT_DIRECTORY=account, SSL_CERT_FILE=peers.certificate,
                   KUBERNETES_SERVICE_HOST="localhost", KUBERNETES_SERVICE_PORT=str(peers.server_port))
    return subprocess.run(["/usr/bin/python3", DEPLOY / "examples/iam-token/refresh.py"], capture_output=True, text=True,
                          env=environment(**options), timeout=60)


def config_map():
    pod = named("iam-token", "CronJob", "apig-iam-refresh")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod["containers"][0]["envFrom"][0]["configMapRef"]["name"]


def test_the_job_writes_the_token_of_the_users_project(peers, tmp_path):
    ended = refresh(peers, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    (asked, iam_path, _, question), (wrote, path, headers, body) = peers.taken
    user = {"name": "apig", "password": PASSWORD, "domain": {"name": "shop"}}
    assert (asked, iam_path.partition("?")[0]) == ("POST", "/v3/auth/tokens")
    assert question["auth"] == {"identity": {"methods": ["password"], "password": {"user": user}},
                                "scope": {"project": {"name": "cn-north-4"}}}
    assert (wrote, path, headers["Authorization"]) == ("PATCH", SECRET_PATH, f"Bearer {BEARER}")
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert body == {"data": {"token": base64.b64encode(TOKEN.encode()).decode()}}
    assert not [secret for secret in (TOKEN, PASSWORD, BEARER) if secret in ended.stdout]


def test_a_refusal_of_iam_leaves_the_secret_alone(peers, tmp_path):
    peers.iam_status = 401
    ended = refresh(peers, tmp_path)
    assert ended.returncode == 1 and "401" in ended.stderr
    assert [command for command, *_ in peers.taken] == ["POST"]
    assert not [secret for secret in (TOKEN, PASSWORD, BEARER) if secret in ended.stderr]


def test_the_first_token_is_written_at_once_by_the_same_pod():
    job, cron = named("iam-token", "Job", "apig-iam-first"), named("iam-token", "CronJob", "apig-iam-refresh")
    assert job["spec"] == cron["spec"]["jobTemplate"]["spec"]


def test_the_job_has_rights_to_that_secret_only():
    rule, = named("iam-token", "Role", "apig-iam-refresh")["rules"]
    assert rule == {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["apig-token"], "verbs": ["patch"]}
