#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
flood.py NAME ADDRESS SECONDS [tls]: floods a sidecar with what the name says for that time, as fast as it can, and
prints the number of connections. One that the sidecar ends is opened again. A process of its own, so that it takes no
time from the calls of the test.
"""
import concurrent.futures
import contextlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import api
from support.client import IDS
from support.h2peer import CONTINUATION, DATA, HEADERS, PING, SETTINGS, ACK, END_HEADERS, END_STREAM, FRAME_BYTES, Peer, frame

PADDED, UNKNOWN = 8, 0x7f
CHECK = "/grpc.health.v1.Health/Check"
MIB = 1 << 20
LITERAL = b"\x00\x01x\x7e" + b"v" * 126  # a field of 130 bytes, without indexing
INDEXED = b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000  # a field of 4 KB that later bytes refer to
REFERENCE, VARINT, LONG_STRING = b"\xbe", b"\x80", b"\x00\x7f\x81\xff\xff\xff\x03"


def full(kind, flags, stream, payload):
    """Frames as large as they may be, a megabyte of them."""
    return frame(kind, flags, stream, (payload * (FRAME_BYTES // len(payload)))) * (MIB // FRAME_BYTES)


def block(first, rest, size=4 * MIB):
    """A header block that does not end within `size`."""
    def send(peer, _):
        peer.send(frame(HEADERS, 0, 1, first))
        for _ in range(size // MIB):
            peer.send(full(CONTINUATION, 0, 1, rest))
    return send


def frames(data, opened=False):
    """The same frames again and again; on a stream that is open if `opened` is set."""
    def send(peer, end):
        if opened:
            peer.send(peer.headers(1))
        while time.monotonic() < end:
            peer.send(data)
    return send


def open_streams(count, path=api.CREATE):
    """Streams of which no message comes."""
    def send(peer, _):
        peer.send(b"".join(peer.headers(next(peer.streams), path=path) for _ in range(count)))
    return send


def messages(count, size):
    """Creates that are that large because of a field that no one knows."""
    request = api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "large"}).SerializeToString()
    unknown = b"\xa2\x06" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + b"u" * size

    def send(peer, _):
        for _ in range(count):
            stream = next(peer.streams)
            peer.send(peer.headers(stream), peer.message(stream, request + unknown))
    return send


def unfinished(count, size):
    """Creates of which all but the last byte comes."""
    content = (b"\0" + size.to_bytes(4, "big")).ljust(size + 4, b"u")
    pieces = [content[at:at + FRAME_BYTES] for at in range(0, len(content), FRAME_BYTES)]

    def send(peer, _):
        for _ in range(count):
            stream = next(peer.streams)
            peer.send(peer.headers(stream), *(frame(DATA, 0, stream, piece) for piece in pieces))
    return send


# name: (connections at a time, whether each is closed when all is sent, function that sends)
FLOODS = {
    "references without end": (1, True, block(INDEXED, REFERENCE)),
    "literals without end": (1, True, block(LITERAL, LITERAL, 32 * MIB)),
    "half a header block": (20, False, block(LITERAL, LITERAL, 2 * MIB)),
    "a varint without end": (1, True, block(b"\x00\x7f", VARINT)),
    "a string of 1 GiB": (1, True, block(LONG_STRING, b"v")),
    "empty DATA": (1, True, frames(frame(DATA, 0, 1) * 10000, opened=True)),
    "padded empty DATA": (1, True, frames(frame(DATA, PADDED, 1, b"\x04\0\0\0\0") * 10000, opened=True)),
    "unknown frames": (2, True, frames(frame(UNKNOWN) * 10000)),
    "acknowledged pings": (1, True, frames(frame(PING, ACK, payload=b"8 bytes!") * 10000)),
    "settings": (1, True, frames(frame(SETTINGS) * 10000)),
    "large unknown frames": (8, True, frames(full(UNKNOWN, 0, 0, b"u"))),
    "950 streams and a close": (1, True, open_streams(950)),
    "creates without a message": (40, False, open_streams(990)),
    "health checks without a message": (20, False, open_streams(990, CHECK)),
    "messages of 1 MB": (10, False, messages(20, MIB)),
    "messages without their last byte": (40, False, unfinished(100, 60000)),
}


def flood(end, closes, send, address, tls):
    """One connection after the other until the end; returns their number."""
    connections = 0
    while time.monotonic() < end:
        connections += 1
        with contextlib.suppress(OSError), Peer(address, tls=tls) as peer:
            peer.socket.settimeout(max(0.05, end - time.monotonic()))
            send(peer, end)
            if not closes:
                time.sleep(max(0, end - time.monotonic()))
    return connections


def main(name, address, seconds, *tls):
    threads, closes, send = FLOODS[name]
    end = time.monotonic() + float(seconds)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        print(sum(pool.map(lambda _: flood(end, closes, send, address, bool(tls)), range(threads))))


if __name__ == "__main__":
    main(*sys.argv[1:])
