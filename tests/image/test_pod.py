# SPDX-License-Identifier: MIT
"""Does the image work in a pod, as deploy/base runs it: without privileges, on a read-only root, beside a service?"""
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from support.certificate import make_certificate
from support.client import IDS
from support.name_server import NameServer
from support.pod import GROUP, NODE, POD, Pod
from support.secret import TOKEN, MountedSecret
from support.sidecar import SECONDS, Sidecar
from support.simulator import Simulator
from support.toolchain import ROOT, go_install

PROBE = "github.com/grpc-ecosystem/grpc-health-probe@v0.4.62"
UPSTREAM = "apig.example"
SOCKET, TCP = "unix:/run/apig/apig.sock", "127.0.0.1:50051"
MONITOR, ADMIN = 9090, 9091
SIDECAR_UID, SERVICE_UID = 65532, 10001
RESPONSE_SECONDS = 0.05  # long enough that a restart meets calls whose group exists and whose response is on its way
NEXT_TOKEN = TOKEN.replace("0123", "4567")


@pytest.fixture
def pod():
    if os.geteuid() != 0:
        pytest.skip("namespaces are made by root")
    try:
        made = Pod()
    except OSError as refused:
        pytest.skip(f"no namespaces here: {refused}")
    yield made
    made.close()


@pytest.fixture
def secret(pod):
    return MountedSecret(pod.directory / "token", group=GROUP)


@pytest.fixture
def exchanges():
    """Returns (token, name, HTTP status) of each create that reached the upstream."""
    return []


@pytest.fixture
def certificate(pod):
    return make_certificate(pod.directory / "upstream", UPSTREAM, f"DNS:{UPSTREAM}")


@pytest.fixture
def upstream(certificate, exchanges):
    def journal(handler, body, status, _content, _request_id):
        exchanges.append((handler.headers["X-Auth-Token"], json.loads(body)["name"], status))
        time.sleep(RESPONSE_SECONDS)
    made = Simulator(certificate, token=TOKEN, journal=journal, host=NODE).start()
    yield made
    made.close()


@pytest.fixture
def names(pod):
    made = NameServer(NODE, UPSTREAM, NODE)
    yield made
    made.close()


class SidecarContainer(Sidecar):
    def __init__(self, pod, mounts, variables):
        def start(command, stdin, stdout, stderr, env):
            process, self.pid = pod.run(SIDECAR_UID, mounts, env, command, stdin=stdin, stdout=stdout, stderr=stderr)
            return process
        self.begin(["/apig-sidecar"], variables, start)
        self.secrets.add(NEXT_TOKEN)

    def signal(self, number=signal.SIGTERM):
        self.signalled = True
        os.kill(self.pid, number)

    def status(self):
        """Returns what the kernel reports about the process."""
        lines = open(f"/proc/{self.pid}/status", encoding="utf-8").read().splitlines()
        return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


@pytest.fixture
def mounts(pod, image, secret, certificate):
    """The sidecar's mounts, with the mount points that a runtime makes in the image's root."""
    root = pod.directory / "image"
    image.unpack(root)
    made = {
        "/run/apig:rw": pod.directory / "run", "/var/run/secrets/apig": secret.directory,
        "/etc/hosts": pod.directory / "etc/hosts", "/etc/resolv.conf": pod.directory / "etc/resolv.conf",
        "/etc/apig/ca.pem": certificate.certificate,
    }
    for inside, outside in made.items():
        place = root / inside.removesuffix(":rw").lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir() if outside.is_dir() else place.touch()
    return {"/": root, **made}


@pytest.fixture
def variables(upstream):
    """The sidecar's variables, as a ConfigMap gives them."""
    return {
        "APIG_SIDECAR_LISTEN": f"{SOCKET},{TCP}", "APIG_SIDECAR_MONITOR": f"0.0.0.0:{MONITOR}",
        "APIG_SIDECAR_UPSTREAM": f"https://{UPSTREAM}:{upstream.port}", "APIG_SIDECAR_UPSTREAM_CA_FILE": "/etc/apig/ca.pem",
    }


@pytest.fixture
def start(pod, mounts, variables, names):
    """Starts the sidecar's container, as kubelet does at first and after it ended."""
    def start():
        sidecar = SidecarContainer(pod, mounts, variables)
        sidecar.wait_log(2, event="listening")
        return sidecar
    return start


@pytest.fixture
def sidecar(start):
    made = start()
    yield made
    if made.process.poll() is None:
        made.stop()


class Service:
    """service.py in a container of its own; `outcomes` has what it printed."""

    def __init__(self, pod, *targets):
        application = pod.directory / "application"
        shutil.copytree(ROOT / "proto", application / "proto")
        shutil.copytree(ROOT / "tests/support", application / "tests/support")
        shutil.copytree(ROOT / "tests/image", application / "tests/image")
        mounts = {path: path for path in ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache") if os.path.exists(path)}
        mounts |= {"/application": application, "/run/apig": pod.directory / "run"}
        self.outcomes, self.changed = [], threading.Condition()
        self.process, self.pid = pod.run(
            SERVICE_UID, mounts, {"PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            ["/usr/bin/python3", "/application/tests/image/service.py", *targets],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.outcomes.append(json.loads(line))
                self.changed.notify_all()

    def wait(self, count, target):
        """Waits until that many more groups were created through a target."""
        def done():
            return sum(each["target"] == target for each in self.outcomes)
        with self.changed:
            wanted = done() + count
            assert self.changed.wait_for(lambda: done() >= wanted, SECONDS), self.outcomes[-5:]

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        assert self.process.wait(SECONDS) == 0
        self.reader.join(SECONDS)
        return self.outcomes


@pytest.fixture
def service(pod, sidecar):
    made = Service(pod, SOCKET, TCP)
    for target in (SOCKET, TCP):
        made.wait(5, target)
    return made


def check_created_once(outcomes, upstream, exchanges):
    """Checks that every group of the service exists and was created by one request."""
    assert {each["code"] for each in outcomes} == {"OK"}
    asked = [each["name"] for each in outcomes]
    created = upstream.gateway(IDS["instance_id"]).groups.values()
    assert sorted(asked) == sorted(group["name"] for group in created)
    assert sorted(asked) == sorted(name for _, name, status in exchanges if status == 201)
    assert not [name for _, name, status in exchanges if status == 400]


def test_the_container_has_no_privilege_and_a_read_only_root(sidecar):
    status = sidecar.status()
    assert status["Uid"] == status["Gid"] == [str(SIDECAR_UID)] * 4
    assert {name: int(status[name][0], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == dict.fromkeys(
        ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0)
    assert status["NoNewPrivs"] == ["1"] and status["NSpid"][-1] == "1"
    mounted = {line.split()[4]: line.split()[5].split(",") for line in open(f"/proc/{sidecar.pid}/mountinfo", encoding="utf-8")}
    assert "ro" in mounted["/"] and "ro" in mounted["/var/run/secrets/apig"]


def test_the_token_is_in_neither_its_environment_nor_its_arguments(sidecar):
    for name in ("environ", "cmdline"):
        content = open(f"/proc/{sidecar.pid}/{name}", "rb").read()
        assert content and TOKEN.encode() not in content


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://{POD}:{port}{path}", timeout=SECONDS) as response:
            return response.status
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.parametrize("path", ["/startupz", "/readyz", "/livez"])
def test_the_nodes_probes_reach_the_sidecar_at_the_pods_address(sidecar, path):
    assert get(MONITOR, path) == 200


@pytest.mark.parametrize("question", [[], ["--started"], ["--live"]])
def test_the_command_health_is_a_probe_within_the_container(pod, mounts, variables, sidecar, question):
    probe, _ = pod.run(SIDECAR_UID, mounts, variables, ["/apig-sidecar", "health", *question], stderr=subprocess.PIPE)
    told = probe.communicate(timeout=SECONDS)[1]
    assert probe.returncode == 0, told


@pytest.mark.parametrize("port", [ADMIN, int(TCP.rpartition(":")[2])])
def test_a_port_for_the_pod_alone_is_not_reached_from_the_node(sidecar, port):
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(port, "/")


@pytest.fixture(scope="session")
def health_probe():
    return go_install(PROBE, ROOT / "build/image-tests/bin")


@pytest.mark.parametrize("target", [SOCKET, TCP])
def test_grpc_health_probe_finds_the_sidecar_serving(health_probe, pod, mounts, sidecar, target):
    place = mounts["/"] / "probe"
    shutil.copy(health_probe, place)
    probe, _ = pod.run(SIDECAR_UID, mounts, {}, ["/probe", f"-addr={target}", "-connect-timeout=30s", "-rpc-timeout=30s"],
                       stderr=subprocess.PIPE)
    told = probe.communicate(timeout=SECONDS)[1].decode()
    assert (probe.returncode, "status: SERVING" in told) == (0, True), told


def test_the_command_call_reaches_the_sidecar_and_the_upstream_is_found_by_its_name(pod, mounts, sidecar, upstream, names):
    call, _ = pod.run(SERVICE_UID, mounts, {}, ["/apig-sidecar", "call", f"--target={SOCKET}", "CreateApiGroup",
                                                json.dumps({**IDS, "name": "group_of_the_word"})], stdout=subprocess.PIPE)
    told = call.communicate(timeout=SECONDS)[0]
    assert call.returncode == 0 and json.loads(told)["name"] == "group_of_the_word"
    assert UPSTREAM in names.asked


def test_a_rotated_token_is_taken_while_calls_go_on(service, upstream, secret, exchanges, sidecar):
    upstream.token = NEXT_TOKEN
    secret.write(NEXT_TOKEN)
    for target in (SOCKET, TCP):
        service.wait(20, target)
    check_created_once(service.stop(), upstream, exchanges)
    assert exchanges[0][0] == TOKEN and exchanges[-1] == (NEXT_TOKEN, *exchanges[-1][1:])


def test_restarts_under_load_lose_and_double_nothing(service, start, sidecar, upstream, exchanges):
    for _ in range(3):
        sidecar.stop()
        sidecar = start()
        for target in (SOCKET, TCP):
            service.wait(20, target)
    check_created_once(service.stop(), upstream, exchanges)
    sidecar.stop()
