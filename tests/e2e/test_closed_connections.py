# SPDX-License-Identifier: MIT
"""Does each end of a caller's connection count once, with the reason that came first?"""
import itertools
import signal
import time

import pytest

from support.h2peer import DATA, Peer, SECONDS, frame
from support.metrics import samples
from support.upstream import late

NAME = "apig_sidecar_connections_closed_total"


def closed(sidecar):
    """{reason: count} of the reasons that have occurred."""
    return {labels[0][1]: count for (name, labels), count in samples(sidecar).items() if name == NAME and count}


def wait_closed(sidecar, wanted):
    until = time.monotonic() + SECONDS
    while closed(sidecar) != wanted:
        assert time.monotonic() < until, closed(sidecar)
        time.sleep(0.05)


def leave(_peer):
    """The caller ends the connection."""


def speak_http1(peer):
    peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    peer.wait_end()


def break_http2(peer):
    peer.send(frame(DATA, 0, 0, b"x"))
    peer.wait_end()


def leave_calls_unfinished(peer):
    streams = itertools.islice(peer.streams, 200)
    peer.send_until_closed(peer.headers(stream) + peer.reset(stream) for stream in streams)
    peer.wait_end()


@pytest.mark.parametrize("behaviour,options,greet,reason", [
    (leave, [], True, "caller"), (leave, [], False, "caller"), (speak_http1, [], False, "protocol_error"),
    (break_http2, [], True, "protocol_error"), (leave_calls_unfinished, ["--max-streams=10"], True, "unfinished_calls"),
    (Peer.wait_end, ["--handshake-timeout=500ms"], False, "handshake_timeout"),
    (Peer.wait_end, ["--idle-timeout=500ms"], True, "idle"), (Peer.wait_end, ["--max-age=500ms"], True, "age"),
], ids=["left", "left at once", "no HTTP/2", "a wrong frame", "unfinished calls", "silent", "idle", "old"])
def test_the_first_cause_is_the_reason(start, behaviour, options, greet, reason):
    sidecar = start(*options)
    with Peer(sidecar.address, greet=greet) as peer:
        behaviour(peer)
    wait_closed(sidecar, {reason: 1})


def test_a_handshake_that_fails_is_a_refusal(start, certificate):
    sidecar = start(f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}")
    with Peer(sidecar.address, greet=False) as peer:
        peer.send(b"not TLS at all")
        peer.wait_end()
    wait_closed(sidecar, {"refused": 1})


def test_a_drain_is_the_reason_of_the_connections_that_it_ends(start, upstream):
    sidecar = start()
    step = late()
    upstream.script(step)
    call = sidecar.client().start()
    upstream.wait_requests(1)
    with Peer(sidecar.address) as peer:
        sidecar.signal(signal.SIGTERM)
        peer.wait_end()
        wait_closed(sidecar, {"drain": 1})
    step.go.set()
    assert call.result().id
