# SPDX-License-Identifier: MIT
"""Does each command of docs/own-protos.md do what the page says?"""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from support.sidecar import BINARY, environment
from support.toolchain import ROOT
from support.upstream import http, response

PAGE = (ROOT / "docs/own-protos.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.S)
UPSTREAM = "https://shop.example.com"
WRITTEN, CHECK, SERVE, CALL, KUBERNETES = [text for language, text in BLOCKS if language == "sh"]


def block(language):
    [text] = [text for each, text in BLOCKS if each == language]
    return text


@pytest.fixture
def shell(tmp_path, token):
    """Runs a block of the page in a folder with orders.proto and its descriptor set."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apig-sidecar").symlink_to(BINARY)
    (tmp_path / "orders.proto").write_text(block("proto"))

    def shell(text, **variables):
        return subprocess.run(["bash", "-ec", text], cwd=tmp_path, capture_output=True, text=True,
                              env={**environment(**variables), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    made = shell(WRITTEN)
    assert made.returncode == 0, made.stderr
    return shell


def test_check_lists_the_methods_of_the_page(shell, upstream, certificate):
    checked = shell(CHECK.replace(UPSTREAM, f"{upstream.url} --upstream-ca-file={certificate.certificate}"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "/shop.v1.Orders/CreateOrder: POST /v1/orders, body: *" in checked.stdout
    assert "ApiGroupService/CreateApiGroup" in checked.stdout


@pytest.fixture
def orders(shell, start, tmp_path):
    """Makes the page's call to a sidecar that is started by the page's command."""
    words = shlex.split(SERVE)
    assert words[:3] == ["apig-sidecar", "serve", f"--upstream={UPSTREAM}"]
    sidecar = start(*[word.replace("=", f"={tmp_path}/") for word in words[3:]])
    return lambda text=CALL: shell(text, APIG_SIDECAR_LISTEN=sidecar.address)


def test_the_call_sends_the_request_of_the_page(orders, upstream):
    upstream.script(response(http(200, {"order_id": "7", "item": "tea", "count": 2})))
    made = orders()
    assert (made.returncode, json.loads(made.stdout)["order_id"]) == (0, "7"), made.stderr
    [request] = upstream.requests
    assert f"{request.method} {request.target}" in PAGE and request.body.decode() in PAGE


def test_a_reply_without_the_required_field_is_unknown(orders, upstream):
    upstream.script(response(http(200, {"item": "tea"})))
    assert orders().stderr.startswith("UNKNOWN")


def test_a_constraint_of_the_page_is_enforced(orders):
    refused = orders(CALL.replace("2}", "101}"))
    assert refused.stderr.startswith("INVALID_ARGUMENT") and "count" in refused.stderr


def test_the_commands_for_kubernetes_are_well_formed(shell, tmp_path):
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl here")
    create, apply, restart = KUBERNETES.splitlines()
    made = shell(f"{create} --dry-run=client --output=yaml")
    assert list(yaml.safe_load(made.stdout)["binaryData"]) == ["protos.binpb"]
    deploy = ROOT / "deploy"
    (tmp_path / "service.yaml").write_text((deploy / "examples/sample-service/service.yaml").read_text())
    components = [os.path.relpath(deploy / path.removeprefix("../../"), tmp_path) for path in yaml.safe_load(block("yaml"))["components"]]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({
        "resources": ["service.yaml"], "components": components,
        "configMapGenerator": [{"name": "apig-sidecar", "literals": ["APIG_SIDECAR_REGION=cn-north-4"]}]}))
    assert apply == "kubectl apply -k ."
    workloads = {f"{each['kind']} {each['metadata']['name']}".lower(): each for each in
                 yaml.safe_load_all(shell("kubectl kustomize .").stdout)}
    assert restart.removeprefix("kubectl rollout restart ") in workloads
    assert "apig-protos" in json.dumps(workloads["deployment sample-service"])
