# SPDX-License-Identifier: MIT
"""The objects that kubectl's kustomize makes from base and from each overlay on the sample services."""
import functools
import os
import re
import shutil
from dataclasses import dataclass

import yaml

from support.toolchain import ROOT, go_install, run

DEPLOY = ROOT / "deploy"
BUILT = ROOT / "build/deploy"
SERVICES = ("deploy/examples/sample-service/service.yaml", "tests/deploy/sample/workloads.yaml")
CRONJOBS = ("tests/deploy/sample/cronjob.yaml",)
OPTIONS = {"APIG_SIDECAR_REGION": "cn-north-4", "APIG_SIDECAR_INSTANCE_ID": "f0fa17893b76433ba7879892951c620e"}


@dataclass(frozen=True)
class Case:
    """A kustomization as a user writes it, and the first Kubernetes version that it is for."""
    resources: tuple
    overlays: tuple = ()
    kubernetes: str = "1.29"
    patches: tuple = ()


def written_patches(name):
    """The patches of the example in deploy/README.md that names the volume."""
    blocks = re.findall(r"```yaml\n(.*?)```", (DEPLOY / "README.md").read_text(), re.DOTALL)
    [written] = [yaml.safe_load(block) for block in blocks if name in block]
    return tuple(written["patches"])


SHARED, TCP_MTLS = ("deploy/overlays/shared",), ("deploy/overlays/tcp-mtls",)
CASES = {
    "base": Case(SERVICES, ("base",)),
    "plain-container": Case(SERVICES, ("overlays/plain-container",), "1.25"),
    "job": Case(SERVICES + CRONJOBS, ("overlays/job",)),
    "keys": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/keys")),
    "keys-shared": Case(SHARED, ("overlays/keys",), "1.25"),
    "keys-istio-egress": Case(SERVICES, ("base", "overlays/istio", "overlays/istio-egress", "overlays/keys")),
    "metadata": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/metadata", "overlays/network-policy")),
    "metadata-istio-egress": Case(SERVICES, ("base", "overlays/istio", "overlays/istio-egress", "overlays/metadata")),
    "pod-identity": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/pod-identity", "overlays/network-policy")),
    "pod-identity-shared": Case(SHARED, ("overlays/pod-identity",), "1.25"),
    "oidc": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/oidc", "overlays/istio", "overlays/istio-iam")),
    "oidc-istio-shared-egress": Case(SHARED, ("overlays/istio-shared", "overlays/istio-egress", "overlays/istio-iam", "overlays/oidc"),
                                     "1.25"),
    "iam-user": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/iam-user")),
    "shared": Case(SHARED, (), "1.25"),
    "tcp-mtls": Case(TCP_MTLS, (), "1.25"),
    "gateway-api": Case(TCP_MTLS, ("overlays/gateway-api",), "1.25"),
    "istio": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/istio")),
    "istio-egress": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/istio", "overlays/istio-egress")),
    "istio-shared": Case(SHARED, ("overlays/istio-shared",), "1.25"),
    "istio-shared-egress": Case(SHARED, ("overlays/istio-shared", "overlays/istio-egress"), "1.25"),
    "linkerd": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/linkerd")),
    "linkerd-shared": Case(SHARED, ("overlays/linkerd-shared",), "1.25"),
    "upstream-ca": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/upstream-ca")),
    "keys-upstream-ca": Case(SHARED, ("overlays/keys", "overlays/upstream-ca"), "1.25"),
    "own-protos": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/own-protos")),
    "own-protos-upstream-ca": Case(SERVICES, ("base", "overlays/upstream-ca", "overlays/own-protos")),
    "own-protos-shared": Case(SHARED, ("overlays/own-protos",), "1.25"),
    "pod-monitor": Case(SERVICES, ("base", "overlays/pod-monitor")),
    "scrape": Case(SERVICES + CRONJOBS, ("overlays/job", "overlays/scrape")),
    "other-secret": Case(SERVICES, ("base",), patches=written_patches("apig-token")),
    "network-policy": Case(SERVICES, ("base", "overlays/network-policy")),
    "network-policy-shared": Case(SHARED, ("overlays/network-policy",), "1.25"),
}
EXAMPLES = sorted(path.parent.name for path in DEPLOY.glob("examples/*/kustomization.yaml"))


# The kustomize of the oldest kubectl that deploy/README.md names for all components, and for all but the Istio overlays.
KUBECTL_1_31, KUBECTL_1_27 = "v5.4.2", "v5.0.1"


def old_kustomize(version, directory):
    """The objects by that version of kustomize."""
    made = go_install(f"sigs.k8s.io/kustomize/kustomize/v5@{version}", BUILT / "bin" / version)
    return run(made, "build", directory)


def kustomize(directory):
    kubectl = shutil.which("kubectl")
    return run(kubectl, "kustomize", directory) if kubectl else old_kustomize(KUBECTL_1_31, directory)


@functools.lru_cache(None)
def text_of(name):
    """The YAML of a case, or of an example that is a kustomization of its own."""
    if name in EXAMPLES:
        return kustomize(DEPLOY / "examples" / name)
    case, directory = CASES[name], BUILT / name
    directory.mkdir(parents=True, exist_ok=True)
    for path in case.resources:
        if path.endswith(".yaml"):  # kustomize accepts folders from anywhere, but not files
            (directory / path.rpartition("/")[2]).write_text((ROOT / path).read_text())
    up = os.path.relpath(ROOT, directory)
    (directory / "kustomization.yaml").write_text(yaml.safe_dump({
        "resources": [path.rpartition("/")[2] if path.endswith(".yaml") else f"{up}/{path}" for path in case.resources],
        "components": [f"{up}/deploy/{path}" for path in case.overlays],
        "patches": list(case.patches),
        "configMapGenerator": [{"name": "apig-sidecar", "literals": [f"{key}={value}" for key, value in OPTIONS.items()]}],
    }))
    return kustomize(directory)


@functools.lru_cache(None)
def objects(name):
    return [each for each in yaml.safe_load_all(text_of(name)) if each]


def named(name, kind, object_name):
    found = [each for each in objects(name) if (each["kind"], each["metadata"]["name"]) == (kind, object_name)]
    assert len(found) == 1, f"{len(found)} {kind} {object_name} in {name}"
    return found[0]


def template(workload):
    """Returns the pod template of a workload, None for an object without one."""
    spec = workload.get("spec", {})
    if workload["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec.get("template") if workload["kind"] in KINDS else None


KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def templates(name):
    """Returns (name of the workload, pod template) of each workload."""
    return [(each["metadata"]["name"], template(each)) for each in objects(name) if template(each)]


def containers(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def sidecar_of(pod):
    """Returns the sidecar's container, None if the pod has none."""
    found = [each for each in containers(pod) if each["name"] == "apig-sidecar"]
    assert len(found) <= 1
    return found[0] if found else None


def sidecars(name):
    """Returns (name of the workload, pod template, the sidecar's container) of each workload with a sidecar."""
    return [(workload, pod, sidecar_of(pod)) for workload, pod in templates(name) if sidecar_of(pod)]


def environment_of(name, container):
    """Returns the environment that Kubernetes makes from envFrom: a later ConfigMap overrides an earlier one."""
    maps = [named(name, "ConfigMap", source["configMapRef"]["name"]) for source in container["envFrom"]]
    return {key: value for each in maps for key, value in each["data"].items()}
