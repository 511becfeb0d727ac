# SPDX-License-Identifier: MIT
"""Are containers restricted, is the credential only ever in files, and do manifests and program agree?"""
import json
import re
import subprocess
import urllib.error
import urllib.request

import pytest
from manifests import CASES, DEPLOY, EXAMPLES, containers, environment_of, objects, sidecars, templates

from support.sidecar import BINARY, Sidecar, run as run_program
from support.toolchain import ROOT, go, run

EVERY = [*CASES, *EXAMPLES]
WITH_SIDECAR = [*CASES, "sample-service"]
TOKEN_DIRECTORY = "/var/run/secrets/apig"
OF_CCE = {"HC_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/", "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"}
TOKEN = {"secret": {"name": "apig-token", "items": [{"key": "token", "path": "token"}]}}
NO_TOKEN = {"secret": {"name": "apig-token", "optional": True}}
KEYS = {"secret": {"name": "apig-keys"}}
MOUNTED = {"keys": KEYS, "keys-upstream-ca": KEYS, "metadata": NO_TOKEN, "pod-identity": NO_TOKEN,
           "other-secret": {"secret": {"name": "my-secret", "items": [{"key": "my-key", "path": "token"}]}},
           "iam-user": {"secret": {"name": "apig-iam-user"}},  # case → what is mounted instead of the token
           "oidc": {"serviceAccountToken": {"audience": "apig-sidecar", "expirationSeconds": 3600, "path": "id-token"}}}


def help_of(*arguments):
    if not BINARY.exists():
        pytest.skip("the program is not built")
    return run_program("help", *arguments).stdout


def defaults():
    """Each option's variable with its default, as README's table has it."""
    options = re.findall(r"^\| `--(\S+)` \| (\S+) \|", help_of("--markdown"), re.M)
    return {"APIG_SIDECAR_" + name.upper().replace("-", "_"): default for name, default in options}


@pytest.fixture(scope="session")
def pod_security(tmp_path_factory):
    program = ROOT / "build/deploy/podsecurity"
    run(go(), "build", "-o", program, ".", cwd=ROOT / "tests/deploy/podsecurity")
    return program


def test_pod_security_restricted_is_kept(pod_security):
    pods = [{**pod, "metadata": {**pod.get("metadata", {}), "name": f"{name}/{workload}"}}
            for name in EVERY for workload, pod in templates(name)]
    checked = subprocess.run([pod_security], input="\n".join(map(json.dumps, pods)), capture_output=True, text=True)
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, "", "") and pods


def test_pod_security_refuses_a_violation(pod_security):
    pod = {"metadata": {"name": "loose"}, "spec": {"containers": [{"name": "loose", "image": "loose:1"}]}}
    checked = subprocess.run([pod_security], input=json.dumps(pod), capture_output=True, text=True)
    assert "runAsNonRoot != true" in checked.stdout


@pytest.mark.parametrize("name", EVERY)
def test_an_image_has_a_version(name):
    for _, pod in templates(name):
        for each in containers(pod):
            image, _, version = each["image"].rpartition(":")
            assert image and version != "latest" and "/" not in version, each["image"]


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_is_in_the_environment_or_the_arguments(name):
    for _, pod in templates(name):
        for each in containers(pod):
            sources = [*each.get("envFrom", []), *(variable.get("valueFrom", {}) for variable in each.get("env", []))]
            assert not [source for source in sources if {"secretRef", "secretKeyRef"} & source.keys()]
            assert "token" not in json.dumps([each.get("command", []), each.get("args", [])]).lower()
    for each in objects(name):
        assert each["kind"] != "Secret" or not {"data", "stringData"} & each.keys()


@pytest.mark.parametrize("name", WITH_SIDECAR)
def test_the_credential_is_in_files_for_the_sidecar_alone_that_follow_a_rotation(name):
    for workload, pod, sidecar in sidecars(name):
        volume, = [each for each in pod["spec"]["volumes"] if each["name"] == "apig-token"]
        assert volume["projected"]["defaultMode"] == 0o444, "uid 65532 could not read what root has written"
        assert volume["projected"]["sources"][0] == MOUNTED.get(name.split("-istio")[0].removesuffix("-shared"), TOKEN)
        mounts = [(each["name"], mount) for each in containers(pod) for mount in each.get("volumeMounts", [])
                  if mount["name"] == "apig-token"]
        assert mounts == [("apig-sidecar", {"name": "apig-token", "mountPath": TOKEN_DIRECTORY, "readOnly": True})]
        assert f"{TOKEN_DIRECTORY}/token" == defaults()["APIG_SIDECAR_TOKEN_FILE"]


@pytest.mark.parametrize("name", WITH_SIDECAR)
def test_the_sidecar_has_bounded_memory_and_unbounded_cpu(name):
    assert sidecars(name)
    for _, _, sidecar in sidecars(name):
        assert sidecar["resources"]["requests"] == {"cpu": "10m", "memory": "16Mi"}
        assert sidecar["resources"]["limits"].keys() == {"memory"}


def of_user(name):
    """Options that only the user of a component knows."""
    return {"APIG_SIDECAR_OIDC_PROVIDER": "cluster"} if name.startswith("oidc") else {}


@pytest.mark.parametrize("name", WITH_SIDECAR)
def test_the_program_takes_its_options(name, tmp_path):
    known = defaults()
    for _, _, sidecar in sidecars(name):
        variables = environment_of(name, sidecar)
        assert {key for key in variables if key.startswith("APIG_SIDECAR_")} <= known.keys()
        # A wrong option ends the program with 2, before it opens a file.
        ended = run_program("serve", f"--descriptor-set={tmp_path}/none", variables={**OF_CCE, **of_user(name), **variables})
        assert (ended.returncode, "--descriptor-set" in ended.stderr or str(tmp_path) in ended.stderr) == (1, True), \
            ended.stderr


@pytest.mark.parametrize("name", WITH_SIDECAR)
def test_kubelet_can_connect_to_each_probe(name):
    for _, pod, sidecar in sidecars(name):
        variables = {**defaults(), **environment_of(name, sidecar)}
        host, _, port = variables["APIG_SIDECAR_MONITOR"].rpartition(":")
        ports = {each["name"]: each["containerPort"] for each in sidecar["ports"]}
        assert (host, int(port)) == ("0.0.0.0", ports["apig-monitor"])
        assert variables["APIG_SIDECAR_ADMIN"].startswith("127.0.0.1:")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert sidecar[probe]["httpGet"]["port"] == "apig-monitor"
        if "grpc" in ports:
            assert variables["APIG_SIDECAR_LISTEN"].endswith(f":{ports['grpc']}")


@pytest.mark.parametrize("name", WITH_SIDECAR)
def test_the_commands_that_kubelet_runs_exist(name):
    commands = re.findall(r"^  ([a-z]+) ", help_of(), re.M)
    for _, _, sidecar in sidecars(name):
        for hook in sidecar.get("lifecycle", {}).values():
            assert hook["exec"]["command"][0] == "/apig-sidecar" and hook["exec"]["command"][1] in commands


def ask(url):
    """Returns (status, body)."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_program_responds_to_each_probe_in_the_words_of_the_page():
    container = sidecars("base")[0][2]
    sidecar = Sidecar(options=["--upstream=https://localhost:1"])  # there is no credential either
    try:
        address = sidecar.wait_log(event="monitor listening")[0]["address"]
        started, ready, live = (ask(f"http://{address}{container[probe]['httpGet']['path']}")
                                for probe in ("startupProbe", "readinessProbe", "livenessProbe"))
    finally:
        sidecar.kill()
    assert (started[0], ready[0], live[0]) == (200, 503, 200)
    words = "no credential loaded"
    assert words in ready[1] and words in (DEPLOY / "README.md").read_text()
