# SPDX-License-Identifier: MIT
"""Do the words that ask a running sidecar, `health`, `wait` and `shutdown`, tell the truth by their exit codes?"""
import socket
import subprocess
import threading

import pytest

from support.sidecar import BINARY, SECONDS, environment, free_port, run
from support.upstream import late


def address(sidecar, port):
    return sidecar.wait_log(event=f"{port} listening")[0]["address"]


def ask(sidecar, word, *arguments, port="monitor"):
    return run(word, f"--{port}={address(sidecar, port)}", *arguments)


def begin(*arguments):
    """Starts a word and does not wait for its end."""
    return subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def assert_no(ended, *told):
    """It said no, and why in one line."""
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    [line] = ended.stderr.splitlines()
    assert line.startswith("apig-sidecar: ")
    assert [each for each in told if each not in line] == [], line


@pytest.mark.parametrize("flag,told", [("", "ready; upstream: "), ("--ready", "ready; "), ("--live", "live\n"), ("--started", "started\n")])
def test_health_says_yes(sidecar, flag, told):
    ended = ask(sidecar, "health", *filter(None, [flag]))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(told) and len(ended.stdout.splitlines()) == 1


def test_health_says_no_and_why(start, token):
    token.remove()
    sidecar = start()
    assert_no(ask(sidecar, "health"), "not ready; credential: ")
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


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("word,port", [("health", "monitor"), ("shutdown", "admin")])
def test_where_nobody_listens_the_address_is_told(word, port):
    nowhere = f"127.0.0.1:{free_port()}"
    assert_no(run(word, f"--{port}={nowhere}"), nowhere, "refused")


@pytest.mark.parametrize("word,port", [("health", "monitor"), ("wait", "monitor"), ("shutdown", "admin")])
@pytest.mark.parametrize("option", ["--no-such-option", "--timeout=soon", "--timeout"])
def test_a_wrong_option_ends_with_2_and_one_line_that_names_it(word, port, option):
    ended = run(word, option)
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == 1
    assert option.partition("=")[0] in ended.stderr
    ended = run(word, f"--{port}=127.0.0.1:0")
    assert ended.returncode == 2 and f"--{port}: port 0" in ended.stderr


@pytest.mark.parametrize("word", ["health", "wait", "shutdown"])
def test_help_tells_what_a_word_takes(word):
    ended = run(word, "--help")
    assert ended.returncode == 0 and f"apig-sidecar {word}" in ended.stdout and "--timeout DURATION: " in ended.stdout
    assert f"  {word} " in run("help").stdout


class Peer:
    """What listens where a sidecar should: it sends `data` to all who come, and closes only when told so."""

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
                pass  # it had enough
            self.kept.append(connection)
            if self.ends:
                connection.close()


@pytest.mark.parametrize("data,told", [
    (b"", "no sidecar"), (b"SSH-2.0-x\r\n\r\n", "no sidecar"), (b"HTTP/1.1 2x0 OK\r\n\r\n", "no sidecar"),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (1 << 20), "larger"), (b"HTTP/1.1 503 No\r\n\r\n\x1b[2Jgone\nmore", "?[2Jgone"),
], ids=["nothing", "ssh", "code", "large", "control"])
def test_a_peer_that_is_no_sidecar_is_found_out(data, told):
    assert_no(run("health", f"--monitor={Peer(data).address}"), told)


def test_a_peer_that_never_answers_is_not_waited_for_longer_than_the_timeout():
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


def test_wait_gives_up_and_says_why(start, token):
    token.remove()
    sidecar = start()
    assert_no(ask(sidecar, "wait", "--timeout=1s"), "--timeout", "credential: ")
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
