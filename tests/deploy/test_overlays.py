# SPDX-License-Identifier: MIT
"""Does each overlay change a service as its first lines say?"""
import pytest
import yaml
from manifests import (BUILT, CASES, DEPLOY, EXAMPLES, KUBECTL_1_27, KUBECTL_1_31, containers, environment_of, named, objects,
                       old_kustomize, sidecar_of, sidecars, template, templates)

from support.toolchain import ROOT

BESIDE = [name for name, case in CASES.items() if "deploy/examples/sample-service/service.yaml" in case.resources]
OWN = [name for name in CASES if name not in BESIDE]


def test_every_overlay_is_tried():
    tried = {path for case in CASES.values() for path in (*case.resources, *case.overlays)}
    overlays = {path.parent.name for path in DEPLOY.glob("overlays/*/kustomization.yaml")}
    assert {path.rpartition("/")[2] for path in tried if "overlays/" in path} == overlays


@pytest.mark.parametrize("name", [*CASES, *EXAMPLES])
def test_every_overlay_builds(name):
    assert objects(name)


@pytest.mark.parametrize("version,name", [(KUBECTL_1_31, name) for name in CASES] +
                         [(KUBECTL_1_27, name) for name, case in CASES.items() if not any("istio" in path for path in case.overlays)])
def test_the_oldest_kubectl_builds_the_same_objects(version, name):
    built = objects(name)
    assert [each for each in yaml.safe_load_all(old_kustomize(version, BUILT / name)) if each] == built


@pytest.mark.parametrize("name", BESIDE)
def test_each_labelled_workload_gets_the_sidecar(name):
    asking = {each["metadata"]["name"] for each in objects(name)
              if template(each) and "apig-sidecar/add" in each["metadata"].get("labels", {})}
    assert {workload for workload, _, _ in sidecars(name)} == asking
    assert "bystander" in {workload for workload, _ in templates(name)} - asking


@pytest.mark.parametrize("name", sorted(set(BESIDE) - {"plain-container"}))
def test_the_sidecar_is_a_native_one_that_starts_first(name):
    for _, pod, sidecar in sidecars(name):
        assert pod["spec"]["initContainers"][0] == sidecar
        assert sidecar["restartPolicy"] == "Always" and sidecar["startupProbe"]
        assert "lifecycle" not in sidecar


def test_a_plain_container_starts_first_and_holds_the_next_ones():
    for _, pod, sidecar in sidecars("plain-container"):
        assert pod["spec"]["containers"][0] == sidecar and "restartPolicy" not in sidecar
        assert sidecar["lifecycle"]["postStart"]["exec"]["command"][:2] == ["/apig-sidecar", "wait"]


@pytest.mark.parametrize("name", BESIDE)
def test_the_first_container_of_the_service_has_the_socket_and_cannot_replace_it(name):
    for workload, pod, sidecar in sidecars(name):
        mounts = {each["name"]: [mount for mount in each.get("volumeMounts", []) if mount["name"] == "apig-socket"]
                  for each in containers(pod)}
        own = mounts.pop("apig-sidecar")
        assert [mount["mountPath"] for mount in own] == ["/run/apig"] and not own[0].get("readOnly")
        given = [mount for each in mounts.values() for mount in each]
        assert given == ([] if workload == "sample-daemon" else
                         [{"name": "apig-socket", "mountPath": "/run/apig", "readOnly": True}])
        assert not given or mounts["service"] == given


@pytest.mark.parametrize("name", BESIDE)
def test_the_group_of_a_pod_is_never_changed(name):
    groups = {workload: pod["spec"].get("securityContext", {}).get("fsGroup") for workload, pod, _ in sidecars(name)}
    assert groups.pop("sample-state") == 2000
    assert set(groups.values()) == {None}


@pytest.mark.parametrize("name", BESIDE)
def test_a_service_keeps_what_it_has(name):
    state = template(named(name, "StatefulSet", "sample-state"))
    kept = {"name": "data", "mountPath": "/data"}
    assert all(kept in each["volumeMounts"] for each in containers(state) if each is not sidecar_of(state))
    assert template(named(name, "Deployment", "sample-service"))["metadata"]["labels"]["app"] == "sample-service"


@pytest.mark.parametrize("name", OWN)
def test_the_shared_one_is_all_there_is_in_its_pod(name):
    (workload, pod, sidecar), = sidecars(name)
    assert workload == "apig-sidecar" and containers(pod) == [sidecar]
    assert "apig-socket" not in {each["name"] for each in pod["spec"]["volumes"]}
    selector = named(name, "Deployment", "apig-sidecar")["spec"]["selector"]["matchLabels"]
    for kind, object_name in (("Service", "apig-sidecar"), ("Service", "apig-sidecar-headless")):
        service = named(name, kind, object_name)["spec"]
        assert service["selector"] == selector and selector.items() <= pod["metadata"]["labels"].items()
        assert {port["targetPort"] for port in service["ports"]} <= {port["name"] for port in sidecar["ports"]}
    assert named(name, "PodDisruptionBudget", "apig-sidecar")["spec"]["selector"]["matchLabels"] == selector


@pytest.mark.parametrize("name", OWN)
def test_a_drain_ends_before_the_pods_grace_period(name):
    (_, pod, _), = sidecars(name)
    options = {key: value for each in objects(name) if each["kind"] == "ConfigMap" for key, value in each["data"].items()}
    seconds = sum(int(options[f"APIG_SIDECAR_DRAIN_{part}"].removesuffix("s")) for part in ("DELAY", "TIMEOUT"))
    assert seconds < pod["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", OWN)
def test_the_shared_deployment_scales_by_a_metric_of_the_program(name):
    metric, = named(name, "HorizontalPodAutoscaler", "apig-sidecar")["spec"]["metrics"]
    assert f'"{metric["pods"]["metric"]["name"]}"' in (ROOT / "sidecar/telemetry/metric_table.c").read_text()


@pytest.mark.parametrize("name", [name for name in CASES if "istio" in name])
def test_istio_knows_the_endpoint_of_the_region(name):
    host = "apig.cn-north-4.myhuaweicloud.com"
    assert named(name, "ServiceEntry", "apig-upstream")["spec"]["hosts"] == [host]
    rule = named(name, "DestinationRule", "apig-upstream")["spec"]
    assert rule["host"] == host
    if "egress" in name:
        assert rule["trafficPolicy"]["tls"] == {"mode": "SIMPLE", "sni": host, "subjectAltNames": [host]}
        assert named(name, "Gateway", "apig-egress")["spec"]["servers"][0]["hosts"] == [host]
        routes = named(name, "VirtualService", "apig-egress")["spec"]
        assert routes["hosts"] == [host] and routes["http"][0]["retries"] == {"attempts": 0}
    else:
        assert rule["trafficPolicy"]["tls"] == {"mode": "DISABLE"}


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("oidc")])
def test_a_service_accounts_token_is_mounted_and_istio_knows_who_exchanges_it(name):
    for _, pod, sidecar in sidecars(name):
        mount, = [each for each in sidecar["volumeMounts"] if each["name"] == "apig-token"]
        assert environment_of(name, sidecar)["APIG_SIDECAR_OIDC_TOKEN_FILE"] == f"{mount['mountPath']}/id-token"
    hosts = ["iam.cn-north-4.myhuaweicloud.com", "sts.cn-north-4.myhuaweicloud.com"]
    assert named(name, "ServiceEntry", "apig-iam")["spec"]["hosts"] == hosts
    rules = [named(name, "DestinationRule", rule)["spec"] for rule in ("apig-iam", "apig-sts")]
    assert [rule["host"] for rule in rules] == hosts
    assert all(rule["trafficPolicy"]["tls"] == {"mode": "DISABLE"} for rule in rules)


@pytest.mark.parametrize("name", [name for name in CASES if "istio" in name or "linkerd" in name])
def test_each_pod_has_the_meshs_annotations(name):
    wanted = "traffic.sidecar.istio.io/excludeInboundPorts" if "istio" in name else "config.linkerd.io/skip-inbound-ports"
    for _, pod, _ in sidecars(name):
        assert pod["metadata"]["annotations"][wanted] == "9090"


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("keys")])
def test_the_access_key_takes_the_place_of_the_token(name):
    for _, pod, sidecar in sidecars(name):
        mount, = [each for each in sidecar["volumeMounts"] if each["name"] == "apig-token"]
        assert environment_of(name, sidecar)["APIG_SIDECAR_KEYS"] == mount["mountPath"]
        volume, = [each for each in pod["spec"]["volumes"] if each["name"] == "apig-token"]
        secrets = [each["secret"]["name"] for each in volume["projected"]["sources"] if "secret" in each]
        assert secrets == ["apig-keys"], "the Secret of the token need not exist"


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("metadata", "pod-identity"))])
def test_the_nodes_services_are_asked_and_reached_past_every_mesh(name):
    source = "metadata" if name.startswith("metadata") else "pod-identity"
    for _, pod, sidecar in sidecars(name):
        assert environment_of(name, sidecar)[f"APIG_SIDECAR_{source.upper().replace('-', '_')}"] == "true"
        assert pod["metadata"]["labels"]["apig-sidecar/credential"] == source
        for annotation in ("traffic.sidecar.istio.io/excludeOutboundIPRanges", "config.linkerd.io/skip-subnets"):
            assert pod["metadata"]["annotations"][annotation] == "169.254.0.0/16"


def reached(name, pod):
    """The blocks of addresses with exceptions that the policies of egress let a pod connect to."""
    return [(block["cidr"], tuple(block.get("except", ())))
            for each in objects(name) if each["kind"] == "NetworkPolicy" and "Egress" in each["spec"]["policyTypes"]
            and each["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
            for rule in each["spec"]["egress"] for block in [to["ipBlock"] for to in rule["to"] if "ipBlock" in to]]


@pytest.mark.parametrize("name, wanted", [("metadata", ("169.254.169.254/32", ())), ("network-policy", None),
                                          ("pod-identity", ("169.254.0.0/16", ("169.254.169.254/32",)))])
def test_only_pods_whose_credential_is_the_nodes_reach_its_services(name, wanted):
    for _, pod, _ in sidecars(name):
        local = [block for block in reached(name, pod) if block[0].startswith("169.254.") and block[0] != "169.254.20.10/32"]
        assert local == ([wanted] if wanted else [])


def sources_of(pod):
    [volume] = [each for each in pod["spec"]["volumes"] if each["name"] == "apig-token"]
    return volume["projected"]["sources"]


@pytest.mark.parametrize("name", ["upstream-ca", "keys-upstream-ca"])
def test_an_own_ca_stands_beside_the_credential_and_may_come_later(name):
    for _, pod, sidecar in sidecars(name):
        [credential, ca] = sources_of(pod)
        assert "secret" in credential
        assert ca["configMap"] == {"name": "apig-upstream-ca", "optional": True,
                                   "items": [{"key": "ca.crt", "path": "upstream-ca.crt"}]}
        assert environment_of(name, sidecar)["APIG_SIDECAR_UPSTREAM_CA_FILE"] == "/var/run/secrets/apig/upstream-ca.crt"


@pytest.mark.parametrize("name", ["own-protos", "own-protos-shared", "own-protos-upstream-ca"])
def test_an_own_descriptor_set_stands_beside_the_credential_and_must_be_there(name):
    for _, pod, sidecar in sidecars(name):
        [credential, own] = sources_of(pod)
        assert "secret" in credential and own == {"configMap": {"name": "apig-protos"}}
        folder, = [each["mountPath"] for each in sidecar["volumeMounts"] if each["name"] == "apig-token"]
        options = environment_of(name, sidecar)
        assert options["APIG_SIDECAR_DESCRIPTOR_SET"] == f"{folder}/protos.binpb"
        assert options.get("APIG_SIDECAR_UPSTREAM_CA_FILE") in (None, f"{folder}/upstream-ca.crt")


def test_the_written_patch_takes_the_token_from_a_secret_of_another_name_and_key():
    for _, pod, _ in sidecars("other-secret"):
        assert sources_of(pod) == [{"secret": {"name": "my-secret", "items": [{"key": "my-key", "path": "token"}]}}]


def test_a_pod_monitor_selects_the_pods_with_a_sidecar_and_its_port():
    monitor = named("pod-monitor", "PodMonitor", "apig-sidecar")
    for _, pod, sidecar in sidecars("pod-monitor"):
        assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in [port["name"] for port in sidecar["ports"]]


def test_annotations_name_the_port_of_the_metrics():
    for _, pod, sidecar in sidecars("scrape"):
        annotations = pod["metadata"]["annotations"]
        assert (annotations["prometheus.io/scrape"], annotations["prometheus.io/path"]) == ("true", "/metrics")
        assert int(annotations["prometheus.io/port"]) in [port["containerPort"] for port in sidecar["ports"]]


@pytest.mark.parametrize("name", BESIDE)
def test_a_hung_sidecar_is_not_waited_for(name):
    for _, _, sidecar in sidecars(name):
        assert sidecar["livenessProbe"]["terminationGracePeriodSeconds"] == 5
