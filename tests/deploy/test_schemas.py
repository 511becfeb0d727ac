# SPDX-License-Identifier: MIT
"""Would a cluster accept each object, by the schemas of the oldest and the newest Kubernetes and of the meshes?"""
import json
import subprocess

import pytest
import yaml
from manifests import CASES, EXAMPLES, objects, text_of
from schemas import write

from support.toolchain import ROOT, go_install

KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0"
NEWEST = "1.37"
WITHOUT_SCHEMA = {"Server", "ServerAuthorization"}  # Linkerd publishes these definitions only as templates of a chart
BUILT = ROOT / "build/deploy"


def is_custom(each):
    """Groups of Kubernetes itself have no dot, or end in k8s.io; so does that of the Gateway API."""
    group = each["apiVersion"].rpartition("/")[0]
    return group == "gateway.networking.k8s.io" or ("." in group and not group.endswith(".k8s.io"))


@pytest.fixture(scope="session")
def kubernetes_validate(python_tools, tmp_path_factory):
    def check(text, *versions):
        path = tmp_path_factory.mktemp("core") / "objects.yaml"
        path.write_text(text)
        flags = [flag for version in versions for flag in ("--kubernetes-version", version)]
        return subprocess.run([python_tools / "kubernetes-validate", "--strict", "--quiet", *flags, path],
                              capture_output=True, text=True)
    return check


@pytest.fixture(scope="session")
def kubeconform():
    program, location = go_install(KUBECONFORM, BUILT / "bin"), write(BUILT / "schemas")

    def check(each):
        return subprocess.run([program, "-strict", "-schema-location", location, "-output", "json", "-"],
                              input=json.dumps(each), capture_output=True, text=True)
    return check


@pytest.mark.parametrize("name", [*CASES, *EXAMPLES])
def test_kubernetes_knows_each_field(name, kubernetes_validate):
    text = yaml.safe_dump_all(each for each in objects(name) if not is_custom(each))
    checked = kubernetes_validate(text, CASES[name].kubernetes if name in CASES else "1.29", NEWEST)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_each_custom_resource_is_as_its_project_defines_it(kubeconform):
    found = {yaml.safe_dump(each): each for name in [*CASES, *EXAMPLES] for each in objects(name) if is_custom(each)}
    assert WITHOUT_SCHEMA < {each["kind"] for each in found.values()}
    for text, each in found.items():
        if each["kind"] not in WITHOUT_SCHEMA:
            checked = kubeconform(each)
            assert checked.returncode == 0, f"{checked.stdout}{checked.stderr}\n{text}"


def test_a_misspelt_field_is_found(kubernetes_validate, kubeconform):
    assert kubernetes_validate(text_of("base").replace("failureThreshold:", "failureTreshold:"), NEWEST).returncode != 0
    entry, = [each for each in objects("istio") if each["kind"] == "ServiceEntry"]
    assert kubeconform({**entry, "spec": {**entry["spec"], "exportsTo": ["."]}}).returncode != 0
