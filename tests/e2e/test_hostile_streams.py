# SPDX-License-Identifier: MIT
"""Are others served while a peer floods a connection with streams and cheap frames?"""
import contextlib
import itertools
import struct

import pytest

from support import api
from support.bystander import bystander
from support.h2peer import CANCEL, DATA, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, frame
from support.process import status
from support.upstream import response

STREAMS, RESETS = 100, 20000
CLOSED = "connection closed"


def reset_streams(peer, behind_headers=b"", path=api.CREATE):
    """Streams that are opened and reset, one frame behind the other."""
    for _ in range(RESETS):
        stream = next(peer.streams)
        yield peer.headers(stream, path=path) + (frame(DATA, 0, stream, behind_headers) if behind_headers else b"") + peer.reset(
            stream)


@pytest.mark.parametrize("behind_headers,path", [
    (b"", api.CREATE), (b"\0\0\0\0", api.CREATE), (b"\0\0\0\0\0", api.CREATE), (b"", "/grpc.health.v1.Health/Watch"),
], ids=["headers", "a piece", "a message", "watch"])
def test_a_peer_that_opens_and_resets_streams_is_disconnected_and_others_are_served(start, upstream, behind_headers, path):
    sidecar = start(f"--max-streams={STREAMS}", "--log-sample=0")
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address) as peer:
        peer.send_until_closed(reset_streams(peer, behind_headers, path))
        peer.wait_end()
        [line] = sidecar.wait_log(event=CLOSED)
    assert "--max-streams" in line["message"] and line["peer"].startswith("127.0.0.1:")


def test_a_peer_that_opens_streams_of_unknown_methods_disturbs_no_other_and_is_served(start, upstream):
    """They are refused by their headers, which costs little."""
    sidecar = start(f"--max-streams={STREAMS}", "--log-level=warning")
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address) as peer, peer.listening():
        assert not peer.send_until_closed(reset_streams(peer, path="/no.Such/Method"))
    with Peer(sidecar.address) as peer:
        assert peer.create()["grpc-status"] == "0"


def test_all_calls_that_may_be_open_may_be_cancelled_at_once(start, upstream):
    sidecar = start(f"--max-streams={STREAMS}")
    upstream.always = response()
    with Peer(sidecar.address) as peer:
        peer.send(*itertools.islice(reset_streams(peer), STREAMS))
        assert peer.create()["grpc-status"] == "0"


FLOODS = {
    "ping": frame(PING, payload=b"\0" * 8),
    "ping of an answer": frame(PING, 1, payload=b"\0" * 8),
    "settings": frame(SETTINGS),
    "settings with a window": frame(SETTINGS, payload=struct.pack(">HI", 4, 65535)),
    "empty data of no stream": frame(DATA, 0, 1),
    "window update": frame(WINDOW_UPDATE, payload=struct.pack(">I", 1)),
    "reset of no stream": frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL)),
    "unknown frame": frame(0x7f),
    "priority": frame(2, 0, 1, b"\0\0\0\0\x10"),
}


@pytest.mark.parametrize("reads", [False, True], ids=["deaf", "listening"])
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_frames_affects_its_own_peer_only(sidecar, upstream, flood, reads):
    """C-core 1.51 keeps 5 KB for each of at most 10,000 pings until it closes the connection."""
    upstream.always = response()
    before = status(sidecar.process, "VmHWM")
    with bystander(sidecar):
        for _ in range(3):
            with Peer(sidecar.address) as peer, peer.listening() if reads else contextlib.nullcontext():
                peer.socket.settimeout(2)  # the sidecar no longer reads from this peer
                peer.send_until_closed(FLOODS[flood] * 1000 for _ in range(100))
    assert status(sidecar.process, "VmHWM") - before < 256 << 10


def test_a_flood_of_pings_changes_no_call(sidecar, upstream):
    """C-core would end the connection after the third, and with it calls whose request is upstream."""
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address) as peer:
        peer.send(FLOODS["ping"])
        assert peer.create()["grpc-status"] == "0"


def test_empty_pieces_of_a_message_affect_their_own_peer_only(sidecar, upstream):
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address) as peer:
        stream = next(peer.streams)
        peer.send(peer.headers(stream))
        peer.send_until_closed(frame(DATA, 0, stream) * 1000 for _ in range(100))
