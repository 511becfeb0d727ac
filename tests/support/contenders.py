# SPDX-License-Identifier: MIT
"""
The programs that tests/bench/compare and tests/bench/costs put side by side: apig-sidecar, Envoy, a service in Go and the vendor's SDK for Python.
Envoy and the SDK come from PyPI, and the modules of the Go service from Go's proxy; they are kept below build/.
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from support.client import IDS
from support.envoy import MANAGER, ROUTER, TYPES, Envoy, address, envoy_command
from support.secret import TOKEN, TokenFile
from support.sidecar import Sidecar, environment, free_port
from support.toolchain import ROOT, go, python_with, run

BENCH = ROOT / "tests/bench"


@contextlib.contextmanager
def sidecar(upstream, directory):
    """Each of these yields (process, the address that it serves)."""
    made = Sidecar(upstream, TokenFile(directory / "token").path, options=["--max-in-flight=4000"]).ready()
    yield made.process, made.address
    made.stop()


def transcoder(upstream, directory):
    """The resources of an Envoy that turns gRPC into REST and adds the token."""
    manager = {
        "@type": TYPES + MANAGER, "stat_prefix": "grpc", "codec_type": "HTTP2",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "apig", "timeout": "30s", "host_rewrite_literal": "localhost"}}]}]},
        "http_filters": [
            {"name": "transcoder", "typed_config": {
                "@type": TYPES + "filters.http.grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder",
                "descriptor_path": str(ROOT / "build/release/proto/embedded_set.binpb")}},
            {"name": "credential", "typed_config": {
                "@type": TYPES + "filters.http.credential_injector.v3.CredentialInjector", "overwrite": True,
                "credential": {"name": "generic", "typed_config": {
                    "@type": TYPES + "http.injected_credentials.generic.v3.Generic", "header": "x-auth-token",
                    "credential": {"name": "token", "sds_config": {"path_config_source": {"path": str(directory / "sds.json")}}}}}}},
            ROUTER]}
    (directory / "sds.json").write_text(json.dumps({"resources": [{
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", "name": "token",
        "generic_secret": {"secret": {"inline_string": TOKEN}}}]}))
    trusted = {"filename": str(upstream.certificate.certificate)}
    cluster = {
        "name": "apig", "type": "STATIC", "load_assignment": {"cluster_name": "apig", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": address(upstream.port)}}]}]},
        "transport_socket": {"name": "tls", "typed_config": {
            "@type": TYPES + "transport_sockets.tls.v3.UpstreamTlsContext", "sni": "localhost",
            "common_tls_context": {"validation_context": {"trusted_ca": trusted}}}}}
    chain = {"filters": [{"name": "manager", "typed_config": manager}]}
    return {"listeners": [{"name": "grpc", "address": address(0), "filter_chains": [chain]}], "clusters": [cluster]}


@contextlib.contextmanager
def envoy(upstream, directory):
    made = Envoy(envoy_command(), directory / "envoy", transcoder(upstream, directory))
    yield made.process, f"127.0.0.1:{made.port}"
    made.close()


def build_go_service():
    """Builds the service with the modules and the generated code of the example in Go; returns the program."""
    directory = ROOT / "build/compare-go"
    variables = {**os.environ, "PATH": f"{pathlib.Path(go()).parent}:{os.environ['PATH']}"}
    run(ROOT / "deploy/examples/go/build", directory, env=variables)
    shutil.copy(BENCH / "go_service.go", directory / "main.go")
    run(go(), "build", "-trimpath", "-ldflags=-s -w", "-o", "service", ".", cwd=directory)
    return directory / "service"


def wait_listening(target, seconds=60):
    """Polls, because the service reports nothing."""
    host, _, port = target.rpartition(":")
    latest = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            assert time.monotonic() < latest, f"nothing listens at {target}"
            time.sleep(0.001)


@contextlib.contextmanager
def go_service(upstream, directory):
    listen = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen([ROOT / "build/compare-go/service", listen, upstream.url, upstream.certificate.certificate,
                                TokenFile(directory / "token").path], env=environment())
    wait_listening(listen)
    yield process, listen
    process.kill()
    process.wait()


GRPC = {"apig-sidecar": sidecar, "Envoy": envoy, "service in Go": go_service}


def prepare():
    """Installs and builds what the contenders need."""
    envoy_command()
    build_go_service()
    return sdk_python()


def sdk_python():
    return python_with(BENCH / "compare_requirements.txt", ROOT / "build/compare")


def sdk(upstream, count, names):
    """Returns the object that sdk_creates.py prints, about that many creates of each name."""
    ran = subprocess.run([sdk_python(), BENCH / "sdk_creates.py", upstream.url, upstream.certificate.certificate, *IDS.values(),
                          str(count), *names], stdout=subprocess.PIPE, check=True, timeout=600, env=environment())
    return json.loads(ran.stdout)
