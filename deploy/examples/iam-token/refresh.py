# SPDX-License-Identifier: MIT
"""Gets a token from IAM and writes it into a Secret. Secrets are read from files and sent in bodies and headers, so that
none is ever in an argument, an environment variable or a log line."""
import base64
import json
import os
import pathlib
import ssl
import sys
import urllib.request

USER = pathlib.Path(os.environ.get("IAM_USER_DIRECTORY", "/var/run/secrets/iam"))
ACCOUNT = pathlib.Path(os.environ.get("ACCOUNT_DIRECTORY", "/var/run/secrets/kubernetes.io/serviceaccount"))
SECONDS = 30


def send(method, url, body, headers, authority=None):
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    return urllib.request.urlopen(request, timeout=SECONDS, context=ssl.create_default_context(cafile=authority))


def token_of_iam():
    name, password, domain = ((USER / key).read_text().strip() for key in ("name", "password", "domain"))
    user = {"name": name, "password": password, "domain": {"name": domain}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                     "scope": {"project": {"name": os.environ["IAM_PROJECT"]}}}}
    url = os.environ["IAM_ENDPOINT"] + "/v3/auth/tokens?nocatalog=true"
    with send("POST", url, body, {"Content-Type": "application/json;charset=utf8"}) as response:
        return response.headers["X-Subject-Token"], json.load(response)["token"]["expires_at"]


def write_secret(token):
    namespace, bearer = ((ACCOUNT / key).read_text().strip() for key in ("namespace", "token"))
    host = "{KUBERNETES_SERVICE_HOST}:{KUBERNETES_SERVICE_PORT}".format(**os.environ)
    url = f"https://{host}/api/v1/namespaces/{namespace}/secrets/{os.environ['SECRET']}"
    send("PATCH", url, {"data": {"token": base64.b64encode(token.encode()).decode()}},
         {"Content-Type": "application/merge-patch+json", "Authorization": f"Bearer {bearer}"}, ACCOUNT / "ca.crt").close()


try:
    token, expires = token_of_iam()
    write_secret(token)
except OSError as error:  # an HTTP status, TLS, the network, or a missing file
    sys.exit(f"refresh: {getattr(error, 'url', '')} {error}")
print(f"refresh: a token that expires at {expires}")
