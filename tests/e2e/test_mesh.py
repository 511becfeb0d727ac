# SPDX-License-Identifier: MIT
"""Behind the proxies of a mesh, which retry and eject pods: is each create carried out once, and is the caller known?"""
import itertools

import grpc
import pytest
import yaml

from support.certificate import make_certificate
from support.cgroup import limited, manifest_limit
from support.client import Client, details
from support.envoy import Envoy, address, envoy_command, inbound, outbound
from support.load import Load
from support.metrics import value
from support.sidecar import Sidecar, free_port
from support.toolchain import ROOT
from support.upstream import response, silence

CART, OTHER = "spiffe://test/ns/shop/sa/cart", "spiffe://test/ns/shop/sa/other"
FLAGS = ["--trust-xfcc", "--allow-callers=spiffe://test/ns/*/sa/cart"]
PODS, ROUNDS = 2, 3
BETWEEN = 100  # calls that a pod ends well before the next one is restarted
OVERLAY = {each["kind"]: each["spec"] for name in ("callers", "killed")
           for each in yaml.safe_load_all((ROOT / f"deploy/overlays/istio-shared/{name}.yaml").read_text())}
RETRIES = OVERLAY["VirtualService"]["http"][0]["retries"]
RETRY_POLICY = {"retry_on": RETRIES["retryOn"], "num_retries": RETRIES["attempts"]}
TURNS = OVERLAY["DestinationRule"]["trafficPolicy"]["loadBalancer"]["simple"]
LOCAL_REPLIES = OVERLAY["EnvoyFilter"]["configPatches"][0]["patch"]["value"]["typed_config"]["local_reply_config"]
# The overlay ejects a pod for no response; other configurations may eject it for any failure.
UNREACHABLE = {"split_external_local_origin_errors": True, "enforcing_consecutive_5xx": 0}
FAILING = {"consecutive_5xx": 5, "interval": "0.1s", "base_ejection_time": "0.5s", "max_ejection_percent": 50}
HEALTH = {"timeout": "5s", "interval": "0.1s", "no_traffic_interval": "0.1s", "unhealthy_threshold": 1, "healthy_threshold": 1}


@pytest.fixture(scope="session")
def command():
    return envoy_command()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("mesh"), "mesh", "DNS:mesh")


class Mesh:
    """Pods of a sidecar and an inbound Envoy each, and the outbound Envoys that callers are given. `within` is a command
    that runs the sidecars with a limit."""

    def __init__(self, command, directory, authority, upstream, token, within, flags=()):
        self.command, self.directory, self.authority, self.within = command, directory, authority, within
        self.upstream, self.token, self.flags = upstream, token, [*FLAGS, *flags]
        self.envoys, self.names = [], itertools.count()
        self.ports = [free_port() for _ in range(PODS)]
        self.sidecars = [self.sidecar(port) for port in self.ports]
        for sidecar in self.sidecars:
            sidecar.ready()
        own = self.certificate("spiffe://test/ns/apig/sa/sidecar")
        self.inbound = [self.envoy(inbound(port, own, authority, local_reply_config=LOCAL_REPLIES)) for port in self.ports]
        self.endpoints = [{"address": address(envoy.port)} for envoy in self.inbound]

    def sidecar(self, port):
        return Sidecar(self.upstream, self.token.path, f"127.0.0.1:{port}", self.flags, prefix=self.within)

    def certificate(self, name):
        return make_certificate(self.directory / f"certificate_{next(self.names)}", "pod", f"URI:{name}", self.authority)

    def envoy(self, resources):
        self.envoys.append(Envoy(self.command, self.directory / f"envoy_{next(self.names)}", resources))
        return self.envoys[-1]

    def outbound(self, name, endpoints=None, **more):
        """Starts the Envoy beside a caller of that name."""
        return self.envoy(outbound(endpoints or self.endpoints, self.certificate(name), self.authority, RETRY_POLICY, lb_policy=TURNS, **more))

    def restart(self, pod, meanwhile):
        """Restarts a pod as a rolling update does; returns when it serves again."""
        self.sidecars[pod].signal()
        assert self.sidecars[pod].wait() == 0
        meanwhile()
        self.sidecars[pod] = self.sidecar(self.ports[pod]).ready()
        self.sidecars[pod].wait_log(BETWEEN, event="call", code="OK")

    def stop(self):
        for sidecar in self.sidecars:
            sidecar.stop()

    def kill(self):
        for each in self.envoys:
            each.close()
        for sidecar in self.sidecars:
            sidecar.kill()


@pytest.fixture
def mesh(command, tmp_path, authority, token):
    made = []
    with limited(manifest_limit(), "mesh") as within:
        def mesh(upstream, *flags):
            made.append(Mesh(command, tmp_path, authority, upstream, token, within, flags))
            return made[-1]
        yield mesh
        for each in made:
            each.kill()


@pytest.fixture
def client():
    """client(envoy) calls through that Envoy and never retries."""
    made = []

    def client(envoy):
        made.append(Client(f"127.0.0.1:{envoy.port}"))
        return made[-1]
    yield client
    for each in made:
        each.close()


@pytest.mark.parametrize("outliers", [UNREACHABLE, FAILING], ids=["unreachable", "failing"])
def test_a_rolling_restart_under_load_loses_and_doubles_nothing(mesh, counting, outliers):
    mesh = mesh(counting)
    envoy = mesh.outbound(CART, outlier_detection=outliers)
    load = Load(f"127.0.0.1:{envoy.port}")

    def go_on_without(pod):
        if outliers is FAILING:
            envoy.wait_for(lambda: envoy.endpoints()[mesh.inbound[pod].port].get("failed_outlier_check"))
        load.wait(BETWEEN)
    try:
        load.wait(BETWEEN)
        for pod in [*range(PODS)] * ROUNDS:
            mesh.restart(pod, meanwhile=lambda: go_on_without(pod))
    finally:
        load.end()
    assert not load.failed
    assert not counting.repeated
    assert counting.groups.keys() == load.good
    assert envoy.count("upstream_rq_retry") > 0


def test_a_create_that_a_killed_sidecar_had_sent_is_not_sent_again(mesh, client, upstream):
    mesh = mesh(upstream)
    upstream.script(silence())
    call = client(mesh.outbound(CART)).start()
    upstream.wait_requests(1)
    [calling] = [sidecar for sidecar in mesh.sidecars if value(sidecar, "apig_sidecar_calls_in_flight")]
    calling.kill()
    assert call.exception()
    # The response headers have arrived, so Envoy resets the stream, and neither Envoy nor the client retries.
    assert call.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert len(upstream.requests) == 1


def test_a_caller_is_known_by_its_certificate(mesh, client, upstream):
    mesh = mesh(upstream)
    upstream.script(response())
    client(mesh.outbound(CART, mesh.endpoints[:1])).create()
    assert mesh.sidecars[0].wait_log(event="call")[0]["caller"] == CART


@pytest.mark.parametrize("metadata", [[], [("x-forwarded-client-cert", f"URI={CART}")]])
def test_another_caller_is_denied_once_whatever_it_says(mesh, client, upstream, metadata):
    mesh = mesh(upstream)
    envoy = mesh.outbound(OTHER)
    call = client(envoy).start(metadata=metadata)
    assert call.code() is grpc.StatusCode.PERMISSION_DENIED
    assert OTHER in call.details() and details(call)["ErrorInfo"].reason == "CALLER_NOT_ALLOWED"
    denied = [value(sidecar, "apig_sidecar_callers_denied_total", caller=OTHER) or 0 for sidecar in mesh.sidecars]
    assert sum(denied) == 1
    assert envoy.count("upstream_rq_retry") == 0


def ask_grpc(mesh):
    """Health checks by gRPC, on the port of the calls."""
    return {"health_checks": [{**HEALTH, "grpc_health_check": {}}]}


def ask_readyz(mesh):
    """Health checks by HTTP, on the monitor port."""
    ports = [int(sidecar.wait_log(event="monitor listening")[0]["address"].rpartition(":")[2]) for sidecar in mesh.sidecars]
    plain = {"name": "raw", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"}}
    return {
        "endpoints": [{**endpoint, "health_check_config": {"port_value": port}}
                      for endpoint, port in zip(mesh.endpoints, ports)],
        "transport_socket_matches": [{"name": "plain", "match": {"plain": True}, "transport_socket": plain}],
        "health_checks": [{**HEALTH, "http_health_check": {"path": "/readyz", "codec_client_type": "HTTP1"},
                           "transport_socket_match_criteria": {"plain": True}}]}


@pytest.mark.parametrize("ask", [ask_grpc, ask_readyz])
def test_a_proxy_that_checks_health_leaves_out_a_pod_that_will_drain(mesh, client, upstream, ask):
    mesh = mesh(upstream, "--drain-delay=1h")
    envoy = mesh.outbound(CART, **ask(mesh))
    upstream.always = response()
    going, staying = mesh.sidecars
    going.signal()
    envoy.wait_for(lambda: envoy.endpoints()[mesh.inbound[0].port].get("failed_active_health_check"))
    caller = client(envoy)
    for _ in range(20):
        caller.create()
    staying.wait_log(20, event="call", code="OK")
    assert envoy.count("upstream_rq_retry") == 0
    client(mesh.outbound(CART, mesh.endpoints[:1])).create()  # a proxy without health checks is still served
    going.wait_log(event="call", code="OK")
