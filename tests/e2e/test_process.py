# SPDX-License-Identifier: MIT
"""Does the process keep the credential secret, and does it run in a minimal container?"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request

import pytest

from support.h2peer import Peer
from support.process import limit, mappings
from support.retrying import wait_until
from support.secret import TOKEN, TokenFile
from support.sidecar import BINARY, SECONDS, WRAPPER, environment, free_port, run
from support.upstream import response

NEXT = "MIIEnext-" + "fedcba9876543210" * 8
NOBODY = 65532


def test_the_process_dumps_no_core(sidecar):
    assert limit(sidecar.process, "Max core file size") == ("0", "0")


def masks(process, field):
    """The signals in that mask of each thread, by the thread's number."""
    return {int(task.name): int(re.search(rf"^{field}:\s*(\w+)", (task / "status").read_text(), re.MULTILINE)[1], 16)
            for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()}


def test_only_the_main_thread_takes_signals(sidecar):
    asynchronous = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP]
    blocked = masks(sidecar.process, "SigBlk")
    assert len(blocked) > 3
    for number in asynchronous:
        takers = [thread for thread, mask in blocked.items() if not mask >> (number - 1) & 1]
        assert takers == [sidecar.process.pid], number


def test_a_main_loop_that_fails_is_logged_and_ends_the_process_with_1(upstream, token):
    library = BINARY.parent / "failing_loop.so"
    if b"ld-linux" not in BINARY.read_bytes()[:4096] or not library.exists():
        pytest.skip("only a dynamic program of a build with tests can preload a library")
    ended = run("serve", "--listen=127.0.0.1:0", "--monitor=127.0.0.1:0", "--admin=127.0.0.1:0", f"--upstream={upstream.url}",
                f"--token-file={token.path}", "--log-format=json", wrapped=False, variables={"LD_PRELOAD": str(library)})
    assert ended.returncode == 1
    last = json.loads(ended.stderr.splitlines()[-1])
    assert (last["level"], last["event"]) == ("error", "stopped")
    assert last["message"] == "the main event loop failed: Bad file descriptor"


def test_a_drain_begins_when_the_process_continues_after_a_stop(start):
    sidecar = start()
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT):
        sidecar.signal(number)
    assert sidecar.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM])
def test_a_signal_without_a_meaning_does_nothing(start, upstream, number):
    upstream.script(response())
    sidecar = start()
    sidecar.process.send_signal(number)
    sidecar.client().create()


def test_standard_descriptors_that_are_closed_become_no_connection(start, upstream):
    upstream.script(response())
    sidecar = start(prefix=["sh", "-c", 'exec "$@" <&- >&-', "sh"])
    sidecar.client().create()
    assert [os.readlink(f"/proc/{sidecar.process.pid}/fd/{number}") for number in (0, 1)] == ["/dev/null"] * 2


def lost_lines(monitor):
    page = urllib.request.urlopen(f"http://{monitor}/metrics").read().decode()
    [lost] = re.findall(r'^apig_sidecar_log_lines_suppressed_total\{cause="write_failed"\} (\d+)', page, re.MULTILINE)
    return int(lost)


@pytest.mark.parametrize("stderr", [">&-", ">/dev/full"], ids=["closed", "full"])
def test_log_lines_that_are_lost_are_counted(upstream, token, stderr):
    monitor = f"127.0.0.1:{free_port()}"
    command = ["sh", "-c", f'exec "$@" 2{stderr}', "sh", *WRAPPER, BINARY, "--listen=127.0.0.1:0", f"--monitor={monitor}",
               "--admin=127.0.0.1:0", f"--upstream={upstream.url}", f"--token-file={token.path}"]
    with subprocess.Popen(command, env=environment()) as process:
        try:
            assert run("wait", f"--monitor={monitor}").returncode == 0
            wait_until(lambda: lost_lines(monitor) > 0)
        finally:
            process.terminate()
        assert process.wait(SECONDS) == 0


@pytest.fixture
def as_nobody(start, upstream, certificate):
    """Starts a sidecar as a user without name, rights or a place to write to."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if WRAPPER:
        pytest.skip("the wrapper needs a file to write to")
    folder = pathlib.Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    ca = shutil.copy(certificate.certificate, folder / "ca.pem")
    TokenFile(folder / "token")
    prefix = ["prlimit", "--fsize=0", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
              "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    try:
        subprocess.run([*prefix, BINARY, "help"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as missing:
        pytest.skip(f"no program can be started as another user here: {missing}")
    yield lambda: start(f"--upstream-ca-file={ca}", token_file=folder / "token", prefix=prefix)
    shutil.rmtree(folder)


def test_the_sidecar_serves_as_a_user_without_rights_who_cannot_write(as_nobody, upstream):
    upstream.script(response())
    sidecar = as_nobody()
    sidecar.client().create()
    page = dict(line.rsplit(" ", 1) for line in sidecar.ask("/metrics", port="monitor")[1].splitlines() if line[0] != "#")
    assert float(page["process_open_fds"]) > 10 and float(page["process_resident_memory_bytes"]) > 0


def test_only_root_may_read_the_environment_of_the_process(as_nobody):
    pid = as_nobody().process.pid
    assert os.stat(f"/proc/{pid}").st_uid in (0, NOBODY)
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0


def test_variables_that_would_log_secrets_divert_calls_or_change_the_core_are_ignored(start, upstream, tmp_path):
    upstream.script(response())
    keys, nowhere = tmp_path / "keys", "http://127.0.0.1:1"
    proxies = {name: nowhere for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "grpc_proxy")}
    sidecar = start(variables={"SSLKEYLOGFILE": str(keys), "GRPC_TRACE": "all", "GRPC_VERBOSITY": "DEBUG",
                               "GRPC_POLL_STRATEGY": "epollex", **proxies})
    sidecar.client(options=[("grpc.enable_http_proxy", 0)]).create()
    assert not keys.exists()
    assert {line["event"] for line in sidecar.lines} <= {
        "credential loaded", "upstream CA loaded", "listening", "monitor listening", "admin listening", "call"}


def test_the_descriptor_limit_is_raised_and_a_warning_says_when_it_is_too_low(start):
    sidecar = start("--max-connections=120", "--upstream-connections=10", prefix=["prlimit", "--nofile=100:400"])
    assert limit(sidecar.process, "Max open files") == ("400", "400")
    [line] = sidecar.wait_log(event="too few descriptors", level="warning")
    assert "--max-connections 120" in line["message"] and "400" in line["message"]


def test_a_sufficient_descriptor_limit_is_not_logged_and_serves_as_many_connections_as_are_allowed(start, upstream):
    sidecar = start("--max-connections=100", "--upstream-connections=10", prefix=["prlimit", "--nofile=100:374"])
    upstream.always = response()
    with contextlib.ExitStack() as peers:
        for _ in range(100):
            peer = peers.enter_context(Peer(sidecar.address))
            assert peer.create()["grpc-status"] == "0"
    sidecar.stop()
    assert "connection refused" not in [line["event"] for line in sidecar.lines]
    assert "too few descriptors" not in [line["event"] for line in sidecar.lines]


def test_a_replaced_token_is_nowhere_in_memory(start, upstream, token):
    sidecar = start()
    client = sidecar.client()
    upstream.always = response()
    for call in [client.start(f"group_{number}", remark="r" * (number * 40)) for number in range(20)]:
        call.result()
    in_use = sum(memory.count(TOKEN.encode()) for memory in mappings(sidecar.process))
    token.write(NEXT)
    sidecar.wait_log(2, event="credential loaded")
    client.create()
    assert in_use == 1
    assert not any(TOKEN.encode()[16:] in memory for memory in mappings(sidecar.process))
