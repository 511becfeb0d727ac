# SPDX-License-Identifier: MIT
"""Are the probes accurate, does health agree with them, and does a hung thread make /livez fail?"""
import contextlib
import ctypes
import os
import pathlib
import time

import pytest

from support import api
from support.client import refusal
from support.sidecar import SECONDS
from support.upstream import response

CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
SERVING, NOT_SERVING = 1, 2


def question(service=""):
    return api.from_dict("grpc.health.v1.HealthCheckRequest", {"service": service}).SerializeToString()


def status_of(reply):
    return api.message("grpc.health.v1.HealthCheckResponse").FromString(reply).status


def health(client, service=""):
    return status_of(client.unary(CHECK, question(service)).result())


def probe(sidecar, path):
    return sidecar.ask(path, port="monitor")


def wait_probe(sidecar, path, status):
    """Polls until the probe has that status, and returns its body; each response must come at once."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        got, body = probe(sidecar, path)
        if got == status:
            return body
        time.sleep(0.1)
    pytest.fail(f"{path} never had the status {status}, but {got}: {body}")


def test_a_sidecar_that_serves_is_live_ready_and_started(sidecar):
    assert probe(sidecar, "/livez") == (200, "live\n")
    assert probe(sidecar, "/startupz") == (200, "started\n")
    status, body = probe(sidecar, "/readyz")
    assert status == 200 and body.startswith("ready; upstream: ")
    for path, checks in {"/livez": ["4 of 4 threads responsive"], "/startupz": ["listeners open"],
                         "/readyz": ["listeners open", "credential loaded", "upstream CA loaded", "not draining"]}.items():
        lines = probe(sidecar, f"{path}?verbose")[1].splitlines()
        assert [line for line in lines if line.startswith("[+]")] == [f"[+] {check}" for check in checks]


def test_a_token_file_that_is_mounted_as_a_single_file_is_warned_about_once_and_shown(start, token, tmp_path):
    mounted = tmp_path / "mounted"
    mounted.touch()
    mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    sidecar = start(token_file=mounted, prefix=["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", token.path, mounted])
    [line] = sidecar.wait_log(event="file cannot change")
    assert line["level"] == "warning" and str(mounted) in line["message"]
    token.path.rename(tmp_path / "old")
    token.write("replaced")
    assert "cannot change" in probe(sidecar, "/readyz?verbose")[1]
    sidecar.stop()
    assert len([line for line in sidecar.lines if line["event"] == "file cannot change"]) == 1


def test_a_file_of_an_access_key_that_is_mounted_as_a_single_file_is_warned_about(start, tmp_path):
    folder, source = tmp_path / "keys", tmp_path / "sk"
    folder.mkdir()
    source.write_text("secret")
    for name in ("ak", "sk"):
        (folder / name).write_text("key")
    mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    sidecar = start(f"--keys={folder}", token_file=None,
                    prefix=["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", source, folder / "sk"])
    [line] = sidecar.wait_log(event="file cannot change")
    assert str(folder / "sk") in line["message"]
    assert "cannot change" in probe(sidecar, "/readyz?verbose")[1]


def test_a_token_file_that_can_change_is_not_warned_about(start):
    sidecar = start()
    assert "cannot change" not in probe(sidecar, "/readyz?verbose")[1]
    sidecar.stop()
    assert not [line for line in sidecar.lines if line["event"] == "file cannot change"]


def test_a_sidecar_without_a_credential_is_live_but_neither_ready_nor_healthy(start, token):
    content = token.path.read_text()
    token.remove()
    sidecar = start()
    client = sidecar.client()
    status, body = probe(sidecar, "/readyz")
    assert status == 503 and body.startswith("not ready; no credential loaded")
    assert probe(sidecar, "/livez")[0] == probe(sidecar, "/startupz")[0] == 200
    watch = client.channel.unary_stream(WATCH, response_deserializer=status_of)(question(), timeout=SECONDS)
    assert next(watch) == health(client) == health(client, api.SERVICE) == NOT_SERVING
    token.write(content)
    assert next(watch) == health(client) == health(client, api.SERVICE) == SERVING
    assert probe(sidecar, "/readyz")[0] == 200


def test_a_credential_file_that_becomes_bad_leaves_the_sidecar_ready_with_the_last_good_one(start, token, upstream):
    sidecar = start()
    token.remove()
    sidecar.wait_log(event="credential rejected")
    assert probe(sidecar, "/readyz")[0] == 200
    assert health(sidecar.client()) == SERVING
    upstream.script(response())
    sidecar.client().create()


def test_a_draining_sidecar_is_live_but_neither_ready_nor_healthy(start):
    sidecar = start("--drain-delay=1h")
    sidecar.signal()
    sidecar.wait_log(event="draining")
    status, body = probe(sidecar, "/readyz")
    assert status == 503 and body.startswith("not ready; draining")
    assert health(sidecar.client()) == NOT_SERVING
    assert probe(sidecar, "/livez")[0] == probe(sidecar, "/startupz")[0] == 200
    sidecar.signal()
    assert sidecar.process.wait(SECONDS) != 0
    sidecar.process.returncode = 0  # the fixture expects 0


def test_an_unreachable_upstream_is_reported_and_does_not_affect_readiness(start):
    sidecar = start("--upstream=https://localhost:1")
    assert probe(sidecar, "/readyz") == (200, "ready; upstream: no call has needed it yet\n")
    assert refusal(sidecar.client().start())[0] == "UNAVAILABLE"
    status, body = probe(sidecar, "/readyz")
    assert status == 200 and body.startswith("ready; upstream: connect to ") and "localhost" in body
    assert body.endswith(("; breaker: open\n", "; breaker: half_open\n"))
    assert health(sidecar.client()) == SERVING


@contextlib.contextmanager
def halted(sidecar, name):
    """Stops one thread of the sidecar as if it hung; the others continue."""
    PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
    library = ctypes.CDLL(None, use_errno=True)

    def trace(request):
        if library.ptrace(ctypes.c_long(request), ctypes.c_long(thread), ctypes.c_void_p(), ctypes.c_void_p()) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")
    [thread] = [int(task.name) for task in pathlib.Path(f"/proc/{sidecar.process.pid}/task").iterdir()
                if (task / "comm").read_text().strip() == name]
    try:
        trace(PTRACE_SEIZE)
    except PermissionError:
        pytest.skip("this machine lets no process halt a thread of another")
    trace(PTRACE_INTERRUPT)
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        trace(PTRACE_DETACH)


@pytest.mark.parametrize("name", ["poller", "upstream", "front"])
def test_a_thread_that_hangs_makes_livez_fail(start, certificate, name):
    sidecar = start(f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}")
    with halted(sidecar, name):
        assert wait_probe(sidecar, "/livez", 503) == f"not live; 3 of 4 threads responsive; stuck: {name} 0\n"
        assert probe(sidecar, "/readyz")[0] == 200
    wait_probe(sidecar, "/livez", 200)
