# SPDX-License-Identifier: MIT
"""A caller that may violate HTTP/2: it sends frames over a socket (RFC 9113), with hpack for headers."""
import contextlib
import itertools
import select
import socket
import ssl
import struct
import threading

import hpack

from support import api
from support.client import IDS

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CANCEL = 8
FRAME_BYTES = 16384  # as much as a frame may carry unless its receiver allows more
SECONDS = 60  # limit of every wait of a test


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def opened(address, receive_bytes=None):
    """A socket that is connected to "host:port" or "unix:path"."""
    scheme, _, rest = address.partition(":")
    made = socket.socket(socket.AF_UNIX if scheme == "unix" else socket.AF_INET)
    if receive_bytes:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    made.settimeout(SECONDS)
    made.connect(rest if scheme == "unix" else (scheme, int(rest)))
    return made


def secured(plain):
    """The same socket with TLS, for HTTP/2; the server's certificate is not checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(plain)


class Peer:
    """One connection. Streams are numbered as they are opened; what is to be sent goes out by send()."""

    def __init__(self, address, settings=(), greet=True, receive_bytes=None, tls=False):
        """`settings`: pairs of identifier and value; `receive_bytes`: of the socket's buffer."""
        plain = opened(address, receive_bytes)
        self.socket = secured(plain) if tls else plain
        self.streams = itertools.count(1, 2)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder(65536)
        self.received = b""
        if greet:
            self.send(PREFACE, frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in settings)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *pieces):
        self.socket.sendall(b"".join(pieces))

    def send_until_closed(self, pieces):
        """Sends one after the other; true when the peer ended the connection before the last."""
        try:
            for piece in pieces:
                self.send(piece)
        except OSError:
            return True
        return False

    @contextlib.contextmanager
    def listening(self):
        """Reads and drops everything that arrives, on another thread."""
        def listen():
            try:
                while self.socket.recv(1 << 20):
                    pass
            except OSError:
                pass
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            thread.join()

    def headers(self, stream, more=(), flags=0, path=api.CREATE):
        """A stream's headers, those of any call and `more`, in as many frames as they need."""
        usual = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "peer", "te": "trailers",
                 "content-type": "application/grpc"}
        fields = [*{**usual, **{name: value for name, value in more if name in usual}}.items(),
                  *(field for field in more if field[0] not in usual)]
        block = self.encoder.encode(fields, huffman=False)
        pieces = [block[at:at + FRAME_BYTES] for at in range(0, len(block), FRAME_BYTES)]
        kinds = [HEADERS] + [CONTINUATION] * (len(pieces) - 1)
        ends = [0] * (len(pieces) - 1) + [END_HEADERS]
        return b"".join(frame(kind, end | (flags if kind == HEADERS else 0), stream, piece)
                        for kind, end, piece in zip(kinds, ends, pieces))

    @staticmethod
    def message(stream, content, is_packed=False):
        """A message and the end of the stream, in as many frames as it needs."""
        content = struct.pack(">BI", is_packed, len(content)) + content
        pieces = [content[at:at + FRAME_BYTES] for at in range(0, len(content), FRAME_BYTES)]
        return b"".join(frame(DATA, 0, stream, piece) for piece in pieces[:-1]) + frame(DATA, END_STREAM, stream, pieces[-1])

    @staticmethod
    def reset(stream):
        return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))

    def read_exactly(self, count):
        while len(self.received) < count:
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError
            self.received += piece
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def read(self):
        """The next frame: (kind, flags, stream, payload). EOFError when the connection has ended."""
        try:
            head = self.read_exactly(9)
            length = int.from_bytes(head[:3], "big")
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            return kind, flags, stream & 0x7fffffff, self.read_exactly(length)
        except ConnectionError:
            raise EOFError from None

    def ping(self):
        """Waits until all that was sent has been read; frames that come before the acknowledgement are dropped."""
        self.send(frame(PING, payload=b"8 bytes!"))
        while self.read()[0] != PING:
            pass

    def arrived(self):
        """The frames that have come by now, without a wait."""
        while select.select([self.socket], [], [], 0)[0] and (piece := self.socket.recv(1 << 20)):
            self.received += piece
        while len(self.received) >= 9 and len(self.received) >= 9 + int.from_bytes(self.received[:3], "big"):
            yield self.read()

    def frames(self):
        """All that come until the connection ends; fails when it does not."""
        try:
            while True:
                yield self.read()
        except EOFError:
            return

    def wait_end(self):
        """The frames that came until the peer ended the connection."""
        return list(self.frames())

    def call(self, more=(), method="CreateApiGroup", **values):
        """Sends a whole call of that method, and returns its stream."""
        stream = next(self.streams)
        request = api.from_dict(f"huaweicloud.apig.v2.{method}Request", {**IDS, **values})
        self.send(self.headers(stream, more, path=f"/{api.SERVICE}/{method}"), self.message(stream, request.SerializeToString()))
        return stream

    def create(self, more=()):
        """The trailers of a whole CreateApiGroup."""
        return self.trailers(self.call(more, name="of_a_peer"))

    def response(self, stream):
        """All of a stream until its end: headers as dicts, and the bytes of messages."""
        pieces, ended = [], False
        while not ended:
            kind, flags, number, payload = self.read()
            piece = dict(self.decoder.decode(payload)) if kind == HEADERS else payload
            if number == stream and kind in (HEADERS, DATA):
                pieces.append(piece)
                ended = flags & END_STREAM
        return pieces

    def trailers(self, stream):
        """The last headers of a stream, as a dict; other streams' headers are only decoded."""
        while True:
            kind, flags, number, payload = self.read()
            if kind != HEADERS:
                continue
            fields = dict(self.decoder.decode(payload))
            if number == stream and flags & END_STREAM:
                return fields
