# SPDX-License-Identifier: MIT
"""Do the commands that ask a running sidecar, `health`, `wait` and `shutdown`, exit with the right code and message?"""
import socket
import subprocess
import threading

import pytest

from support.network import has_ipv6
from support.sidecar import BINARY, SECONDS, environment, free_port, run
from support.upstream import late


def address(sidecar, port):
    return sidecar.wait_log(event=f"{port} listening")[0]["address"]


def ask(sidecar, command, *arguments, port="monitor"):
    return run(command, f"--{port}={address(sidecar, port)}", *arguments)


def begin(*arguments):
    """Starts a command and does not wait for its end."""
    return subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def assert_no(ended, *parts):
    """The command failed with one line that has these parts."""
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    [line] = ended.stderr.splitlines()
    assert line.startswith("apig-sidecar: ")
    assert [part for part in parts if part not in line] == [], line


@pytest.mark.parametrize("flag,begin", [("", "ready; upstream: "), ("--ready", "ready; "), ("--live", "live\n"), ("--started", "started\n")])
def test_health_prints_the_state_and_exits_with_0(sidecar, flag, begin):
    ended = ask(sidecar, "health", *filter(None, [flag]))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(begin) and len(ended.stdout.splitlines()) == 1


def test_health_without_a_credential_exits_with_1_and_the_reason(start, token):
    token.remove()
    sidecar = start()
    assert_no(ask(sidecar, "health"), "not ready; no credential loaded")
    assert ask(sidecar, "health", "--live").returncode == 0
    assert ask(sidecar, "health", "--started").returncode == 0


def test_health_finds_the_sidecar_by_its_variable(sidecar):
    assert run("health", variables={"APIG_SIDECAR_MONITOR": address(sidecar, "monitor")}).returncode == 0


def test_health_asks_a_unix_socket(start, tmp_path):
    start(f"--monitor=unix:{tmp_path}/monitor")
    assert run("health", f"--monitor=unix:{tmp_path}/monitor").returncode == 0


@pytest.mark.parametrize("public", ["0.0.0.0", "[::]"])
def test_health_asks_a_public_port_on_loopback(start, public):
    if public == "[::]" and not has_ipv6():
        pytest.skip("this machine has no IPv6 on loopback")
    sidecar = start(f"--monitor={public}:0")
    assert ask(sidecar, "health").returncode == 0


@pytest.mark.parametrize("command,port", [("health", "monitor"), ("shutdown", "admin")])
def test_a_refused_connection_is_reported_with_its_address(command, port):
    nowhere = f"127.0.0.1:{free_port()}"
    assert_no(run(command, f"--{port}={nowhere}"), nowhere, "refused")


@pytest.mark.parametrize("command,port", [("health", "monitor"), ("wait", "monitor"), ("shutdown", "admin")])
@pytest.mark.parametrize("option", ["--no-such-option", "--timeout=soon", "--timeout"])
def test_a_wrong_option_ends_with_2_and_one_line_that_names_it(command, port, option):
    ended = run(command, option)
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == 1
    assert option.partition("=")[0] in ended.stderr
    ended = run(command, f"--{port}=127.0.0.1:0")
    assert ended.returncode == 2 and f"--{port}: port 0" in ended.stderr


@pytest.mark.parametrize("command", ["health", "wait", "shutdown"])
def test_help_lists_the_options_of_a_command(command):
    ended = run(command, "--help")
    assert ended.returncode == 0 and f"apig-sidecar {command}" in ended.stdout and "--timeout DURATION (" in ended.stdout
    assert f"  {command} " in run("help").stdout


@pytest.mark.parametrize("arguments", [
    ["version"], ["help"], ["help", "--markdown"], ["help", "--statuses"], ["check", "--help"],
    ["check", "--upstream=https://127.0.0.1", "--token-file=/none"], ["protos", "{tmp_path}"], ["health", "--monitor={monitor}"]],
    ids=" ".join)
def test_a_result_that_cannot_be_written_ends_with_1_and_the_reason(sidecar, tmp_path, arguments):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([BINARY, *(one.format(tmp_path=tmp_path, monitor=address(sidecar, "monitor")) for one in arguments)],
                               stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), timeout=SECONDS)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("apig-sidecar: write the result to standard output: ")


class Peer:
    """A server that is not a sidecar: it sends `data` on every connection and closes it if `ends`."""

    def __init__(self, data, ends=True):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.data, self.ends, self.kept = data, ends, []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            try:
                connection.recv(4096)
                connection.sendall(self.data)
            except OSError:
                pass  # the client closed the connection
            self.kept.append(connection)
            if self.ends:
                connection.close()


@pytest.mark.parametrize("data,part", [
    (b"", "not an apig-sidecar"), (b"SSH-2.0-x\r\n\r\n", "not an apig-sidecar"), (b"HTTP/1.1 2x0 OK\r\n\r\n", "not an apig-sidecar"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nready", "not an apig-sidecar"),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (1 << 20), "larger"), (b"HTTP/1.1 503 No\r\n\r\n\x1b[2Jgone\nmore", "?[2Jgone"),
], ids=["nothing", "ssh", "code", "short", "large", "control"])
def test_a_server_that_is_not_a_sidecar_is_reported(data, part):
    assert_no(run("health", f"--monitor={Peer(data).address}"), part)


def test_health_waits_for_a_silent_server_no_longer_than_its_timeout():
    assert_no(run("health", f"--monitor={Peer(b'HTTP/1.1 200 OK', ends=False).address}", "--timeout=100ms"), "in time")


def test_wait_ends_when_a_sidecar_that_comes_later_is_ready(start, token):
    content = token.path.read_text()
    token.remove()
    monitor = f"127.0.0.1:{free_port()}"
    waiting = begin("wait", f"--monitor={monitor}")
    sidecar = start(f"--monitor={monitor}")
    assert waiting.poll() is None
    token.write(content)
    assert waiting.wait(SECONDS) == 0
    assert waiting.stdout.read().startswith("ready; ")
    assert sidecar.process.poll() is None


def test_wait_ends_at_its_timeout_with_the_last_reason(start, token):
    token.remove()
    sidecar = start()
    assert_no(ask(sidecar, "wait", "--timeout=1s"), "--timeout", "no credential loaded")
    assert_no(run("wait", f"--monitor=127.0.0.1:{free_port()}", "--timeout=50ms"), "--timeout", "refused")


def test_shutdown_drains_and_waits_for_the_end(start, upstream):
    sidecar = start()
    step = late()
    upstream.script(step)
    call = sidecar.client().start()
    upstream.wait_requests(1)
    waiting = begin("shutdown", "--wait", f"--admin={address(sidecar, 'admin')}")
    sidecar.wait_log(event="draining")
    again = ask(sidecar, "shutdown", port="admin")
    assert (again.returncode, again.stdout) == (0, "draining\n")
    assert_no(ask(sidecar, "shutdown", "--wait", "--timeout=50ms", port="admin"), "not ended")
    assert waiting.poll() is None
    step.go.set()
    assert call.result().id
    assert waiting.wait(SECONDS) == 0
    assert waiting.stdout.read() == "ended\n"
    assert sidecar.wait() == 0
