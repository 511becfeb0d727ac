# SPDX-License-Identifier: MIT
"""Does a restart lose or double a call under full load?"""
import itertools
import signal
import socket

import grpc
import hpack
import pytest
from hyperframe import frame as frames

from support import api
from support.client import IDS
from support.h2peer import Peer
from support.load import Load
from support.sidecar import Sidecar, free_port
from support.upstream import GROUP, response, http, late

BETWEEN = 200  # calls that end well between two restarts
OWN_DEFAULTS = [("grpc.enable_retries", 1), ("grpc.initial_reconnect_backoff_ms", 20)]  # gRPC's defaults, but with a short back-off


@pytest.mark.parametrize("listener,restarts", [("plaintext", 20), ("tls", 5), ("unix", 5)])
def test_restarts_at_full_load_lose_and_double_nothing(counting, certificate, token, tmp_path, listener, restarts):
    address = f"unix:{tmp_path}/socket" if listener == "unix" else f"localhost:{free_port()}"
    has_tls = listener == "tls"
    flags = [f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}"] if has_tls else []

    def start():
        return Sidecar(counting, token.path, address, flags).ready()
    sidecar = start()
    credentials = grpc.ssl_channel_credentials(certificate.certificate.read_bytes()) if has_tls else None
    load = Load(address, OWN_DEFAULTS, credentials)
    try:
        for _ in range(restarts):
            load.wait(BETWEEN)
            last = sidecar
            last.signal()
            last.wait_log(event="draining")
            sidecar = start()
            assert last.wait() == 0
        load.wait(BETWEEN)
        load.end()
        sidecar.stop()
    finally:
        load.ending = True
        sidecar.kill()
    assert not counting.repeated
    assert counting.groups.keys() == load.good
    # On a busy machine the old sidecar reads calls too late; their requests were not sent.
    assert {error.code() for error in load.failed.values()} <= {grpc.StatusCode.CANCELLED}
    assert len(load.failed) <= len(load.good) / 200, f"{len(load.failed)} of {len(load.good)}"


class RawCaller:
    """A caller that continues to call after a GOAWAY, as if it had not seen it yet. It records in order what it receives:
    ("GOAWAY", last stream) and (grpc-status, stream)."""

    def __init__(self, address, buffer_bytes=None):
        host, _, port = address.rpartition(":")
        self.socket = socket.socket()
        if buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.settimeout(30)
        self.socket.connect((host, int(port)))
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.heard, self.streams = [], itertools.count(1, 2)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames.SettingsFrame().serialize())

    def call(self, name):
        """Sends a whole call, and returns its stream's number."""
        message = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": name}).SerializeToString()
        stream = next(self.streams)
        headers = self.encoder.encode([
            (":method", "POST"), (":scheme", "http"), (":path", api.CREATE), (":authority", "sidecar"),
            ("content-type", "application/grpc"), ("te", "trailers")])
        self.socket.sendall(
            frames.HeadersFrame(stream, headers, flags=["END_HEADERS"]).serialize() +
            frames.DataFrame(stream, b"\0" + len(message).to_bytes(4, "big") + message, flags=["END_STREAM"]).serialize())
        return stream

    def read(self, count):
        data = self.socket.recv(count, socket.MSG_WAITALL)
        assert len(data) == count, f"the connection ended after {self.heard}"
        return data

    def wait_for(self, expected):
        while expected not in self.heard:
            frame, size = frames.Frame.parse_frame_header(self.read(9))
            frame.parse_body(memoryview(self.read(size)))
            if isinstance(frame, frames.GoAwayFrame):
                self.heard.append(("GOAWAY", frame.last_stream_id))
            elif isinstance(frame, frames.HeadersFrame):
                status = dict(self.decoder.decode(frame.data)).get("grpc-status")
                self.heard += [(status, frame.stream_id)] if status else []
            elif isinstance(frame, frames.PingFrame):
                self.heard += [("PONG", frame.opaque_data)] if "ACK" in frame.flags else []

    def ping(self):
        self.socket.sendall(frames.PingFrame(0, b"question").serialize())
        self.wait_for(("PONG", b"question"))


def test_a_call_that_comes_before_its_caller_sees_the_last_goaway_may_be_repeated(start, upstream):
    """It is behind the last stream that the GOAWAY names, so that every gRPC client repeats it by itself."""
    sidecar = start()
    first = late()
    upstream.script(first)
    caller = RawCaller(sidecar.address)
    finished = caller.call("group_1")
    upstream.wait_requests(1)
    sidecar.signal()
    caller.wait_for(("GOAWAY", 2**31 - 1))
    caller.wait_for(("GOAWAY", finished))
    caller.call("group_2")
    first.go.set()
    caller.wait_for(("0", finished))
    caller.socket.close()
    assert caller.heard == [("GOAWAY", 2**31 - 1), ("GOAWAY", finished), ("0", finished)]
    assert sidecar.wait() == 0
    assert len(upstream.requests) == 1


def test_a_drain_reads_on_when_a_call_takes_long(start, upstream):
    """Otherwise a caller's pings and window updates would not be processed."""
    sidecar = start()
    first = late()
    upstream.script(first)
    caller = RawCaller(sidecar.address)
    stream = caller.call("group_1")
    upstream.wait_requests(1)
    sidecar.signal()
    caller.wait_for(("GOAWAY", 2**31 - 1))
    caller.ping()
    first.go.set()
    caller.wait_for(("0", stream))
    caller.socket.close()
    assert sidecar.wait() == 0


def test_a_caller_that_reads_nothing_does_not_outlast_the_drain(start, upstream):
    sidecar = start("--drain-timeout=300ms")
    upstream.always = response(http(body={**GROUP, "remark": "x" * 60000}))
    caller = RawCaller(sidecar.address, buffer_bytes=4096)
    widest = 2**31 - 1
    caller.socket.sendall(frames.SettingsFrame(settings={frames.SettingsFrame.INITIAL_WINDOW_SIZE: widest}).serialize() +
                          frames.WindowUpdateFrame(0, window_increment=widest - 65535).serialize())
    for number in range(300):  # more than all buffers on the way can hold
        caller.call(f"group_{number}")
    upstream.wait_requests(40)  # the others are not sent: their response headers do not reach the caller
    sidecar.signal()
    assert sidecar.wait() == 0
    caller.socket.close()


OWN_METHODS = ("/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
               "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")


def test_a_caller_that_keeps_its_window_shut_does_not_hold_up_the_drain(start, upstream):
    sidecar = start("--deadline=1s", "--drain-timeout=55s")
    upstream.always = response()
    with Peer(sidecar.address, settings=[(frames.SettingsFrame.INITIAL_WINDOW_SIZE, 0)]) as peer:
        for path in OWN_METHODS:
            stream = next(peer.streams)
            peer.send(peer.headers(stream, path=path), peer.message(stream, b"\x3a\0" if "Info" in path else b""))
        peer.call(name="of_a_peer")
        sidecar.wait_log(event="call")
        sidecar.signal()
        assert sidecar.wait() == 0
    assert "drain timeout" not in {line["event"] for line in sidecar.lines}


@pytest.mark.parametrize("turn", range(5))  # the program may see the one or the other first
def test_a_call_that_comes_with_the_signal_is_served(start, upstream, turn):
    """After a reset the outcome would be unknown, because the caller has sent the call."""
    upstream.always = response()
    sidecar = start()
    sidecar.signal(signal.SIGSTOP)
    callers = [RawCaller(sidecar.address) for _ in range(20)]
    for caller in callers:
        caller.call("group_1")  # stream 1
    sidecar.signal()
    sidecar.signal(signal.SIGCONT)
    for caller in callers:
        caller.wait_for(("0", 1))
        caller.socket.close()
    assert sidecar.wait() == 0
