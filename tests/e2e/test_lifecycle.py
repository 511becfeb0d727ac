# SPDX-License-Identifier: MIT
"""Does the sidecar start, drain and end with the documented exit codes?"""
import signal
import socket
import stat

import grpc
import pytest

from support.client import Client
from support.process import descriptors
from support.sidecar import run
from support.upstream import response, late, silence


def test_sigterm_ends_an_idle_sidecar_with_0(start):
    sidecar = start()
    sidecar.signal()
    assert sidecar.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_drain_finishes_calls_and_refuses_new_connections(start, upstream, number):
    sidecar = start()
    step = late()
    upstream.script(step)
    call = sidecar.client().start()
    upstream.wait_requests(1)
    sidecar.signal(number)
    sidecar.wait_log(event="draining")
    host, _, port = sidecar.address.rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 30)
    step.go.set()
    assert call.result().id
    assert sidecar.wait() == 0


def test_a_drain_ends_open_health_watches(start):
    sidecar = start()
    watch = sidecar.client().channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=50)
    next(watch)
    sidecar.signal()
    with pytest.raises(grpc.RpcError) as ended:
        list(watch)
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert sidecar.wait() == 0


def test_a_connection_without_calls_does_not_hold_up_a_drain(start):
    sidecar = start()
    host, _, port = sidecar.address.rpartition(":")
    with socket.create_connection((host, int(port)), 30) as stranger:
        stranger.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        assert stranger.recv(9)
        sidecar.signal()
        assert sidecar.process.wait(10) == 0


def test_a_call_that_outlasts_the_drain_has_an_unknown_outcome(start, upstream):
    sidecar = start("--drain-timeout=300ms")
    step = silence()
    upstream.script(step)
    call = sidecar.client().start()
    upstream.wait_requests(1)
    sidecar.signal()
    assert call.code() is grpc.StatusCode.UNKNOWN
    assert step.ended.wait(5)
    assert sidecar.wait() == 0


def test_a_second_signal_ends_it_at_once(start, upstream):
    sidecar = start()
    upstream.script(silence())
    call = sidecar.client().start()
    upstream.wait_requests(1)
    sidecar.signal()
    sidecar.wait_log(event="draining")
    sidecar.signal()
    assert sidecar.process.wait(5) != 0
    assert call.code() is grpc.StatusCode.UNAVAILABLE
    sidecar.process.returncode = 0  # the fixture expects 0


def test_port_0_picks_a_port_of_its_own_each_time(start, upstream):
    addresses = [start().address for _ in range(2)]
    assert addresses[0] != addresses[1]
    upstream.script(response(), response())
    for address in addresses:
        Client(address).create()


def test_several_listeners_serve(start, upstream, tmp_path):
    sidecar = start(f"--listen=unix:{tmp_path}/s")
    sidecar.wait_log(2, event="listening")
    upstream.script(response(), response())
    for target in (sidecar.address, f"unix:{tmp_path}/s"):
        Client(target).create()


def test_a_unix_socket_serves_is_removed_at_the_end_and_replaced_when_stale(start, upstream, tmp_path):
    path = tmp_path / "socket"
    for _ in range(2):
        sidecar = start(listen=f"unix:{path}")
        assert stat.S_ISSOCK(path.stat().st_mode)
        upstream.script(response())
        sidecar.client().create()
        sidecar.stop()
        assert not path.exists()
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    upstream.script(response())
    start(listen=f"unix:{path}").client().create()


def serve(upstream, token, *options):
    """Runs `serve` with settings that must end the start."""
    return run("serve", "--listen=127.0.0.1:0", "--monitor=127.0.0.1:0", "--admin=127.0.0.1:0", f"--upstream={upstream.url}",
               f"--token-file={token.path}", *options)


def test_a_file_that_is_not_a_socket_is_kept_and_ends_the_start(upstream, token, tmp_path):
    path = tmp_path / "precious"
    path.write_text("kept")
    ended = serve(upstream, token, f"--listen=unix:{path}")
    assert ended.returncode == 1
    assert str(path) in ended.stderr
    assert path.read_text() == "kept"


def test_an_address_that_is_taken_ends_the_start_with_1_and_is_named(upstream, token):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        ended = serve(upstream, token, f"--listen={address}")
    assert ended.returncode == 1
    assert address in ended.stderr


@pytest.mark.parametrize("option,allowed", [
    ("--deadline=soon", "1ms"), ("--max-in-flight=many", ""), ("--listen=nowhere", ""), ("--upstream=ftp://x", "https"),
    ("--log-level=loud", "info"), ("--max-message=1XB", "MiB"), ("--no-such-option", ""), ("--max-message=0", ""),
    ("--log-sample=2", "1"), ("--admin=0.0.0.0:9091", ""),
])
def test_a_wrong_option_ends_with_2_and_one_line_that_names_it(option, allowed):
    ended = run("serve", "--upstream=https://localhost:1", option)
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    name, _, value = option.partition("=")
    assert name in line and value in line and allowed in line


def test_a_wrong_variable_is_named_as_well():
    ended = run("serve", "--upstream=https://localhost:1", variables={"APIG_SIDECAR_DEADLINE": "soon"})
    assert ended.returncode == 2
    assert "soon" in ended.stderr and ("APIG_SIDECAR_DEADLINE" in ended.stderr or "--deadline" in ended.stderr)


def test_a_flag_wins_over_its_variable(start, upstream):
    upstream.script(response())
    sidecar = start("--instance-id=of-the-flag", variables={"APIG_SIDECAR_INSTANCE_ID": "of-the-variable"})
    sidecar.client().create(instance_id="")
    assert "/instances/of-the-flag/" in upstream.requests[0].target


def test_without_an_upstream_it_does_not_start():
    ended = run("serve", "--listen=127.0.0.1:0")
    assert ended.returncode == 2
    assert "--upstream" in ended.stderr and "--region" in ended.stderr


def test_plaintext_on_a_public_address_needs_permission(start, upstream):
    ended = run("serve", "--listen=0.0.0.0:0", f"--upstream={upstream.url}")
    assert ended.returncode == 2
    assert "--allow-public-plaintext" in ended.stderr
    upstream.script(response())
    public = start("--allow-public-plaintext", listen="0.0.0.0:0")
    Client("127.0.0.1:" + public.address.rsplit(":", 1)[1]).create()


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"not a set"])
def test_a_descriptor_set_that_cannot_be_served_ends_with_1_and_is_named(upstream, token, tmp_path, content):
    path = tmp_path / "set.binpb"
    path.write_bytes(content)
    ended = serve(upstream, token, f"--descriptor-set={path}")
    assert ended.returncode == 1
    assert str(path) in ended.stderr


def test_many_connections_leave_no_descriptor_open(start, upstream):
    sidecar = start()
    upstream.always = response()
    Client(sidecar.address).create()
    before = descriptors(sidecar.process)
    for _ in range(20):
        client = Client(sidecar.address)
        client.create()
        client.close()
    watcher = Client(sidecar.address)
    for _ in range(200):  # a closed connection is noticed after a moment
        watcher.create()
        if descriptors(sidecar.process) <= before + 3:
            return
    assert descriptors(sidecar.process) <= before + 3
