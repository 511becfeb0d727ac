# SPDX-License-Identifier: MIT
"""Beside a caller at fault on the same connection, does a call in flight end with its own outcome, whatever the fault?"""
import itertools
import struct
import threading
import time

import pytest

from support.h2peer import CANCEL, DATA, GOAWAY, HEADERS, RST_STREAM, END_STREAM, Peer, frame
from support.hostile import ERRORS, rows
from support.secret import TokenFile
from support.sidecar import Sidecar
from support.upstream import Upstream, created

FIRST_STREAM, SECONDS, RESETS = 1, 30, 2000
HTTP_STATUS = {"GET": "405", "bad :scheme ftp": "400", "content-type text/html": "415"}

# One row of each way to end, for the listeners that differ only in how bytes arrive.
SOME = ["bad base64 in x-bin", "HPACK index 200", "HPACK bad Huffman (EOS)", "HEADERS padded right", "WINDOW_UPDATE 0 on stream",
        "RST of 3 bytes", "message cut", "two messages", "metadata 1 MiB", "1100 streams at once"]
numbers = itertools.count()


class Held:
    """The step of an upstream whose responses to neighbours wait for their names, and which creates all else at once."""

    def __init__(self):
        self.names = {}

    def hold(self, name):
        self.names[name] = threading.Event()

    def release(self, name):
        self.names[name].set()

    def __call__(self, connection):
        request = connection.read()
        waits = self.names.get(request.json()["name"])
        if waits:
            waits.wait(SECONDS)
        connection.send(created(request))
        return True


@pytest.fixture(scope="module")
def held(certificate):
    """An upstream that holds neighbours back."""
    made = Upstream(certificate)
    made.always = Held()
    yield made
    made.close()
    made.check()


@pytest.fixture(scope="module")
def places(held, certificate, tmp_path_factory):
    """The addresses of each kind of listener, of two sidecars."""
    folder = tmp_path_factory.mktemp("neighbours")
    token = TokenFile(folder / "token")
    tls = [f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}"]
    plain = Sidecar(held, token.path, options=[f"--listen=unix:{folder}/socket"])
    secure = Sidecar(held, token.path, options=tls)
    yield {"plaintext": (plain.ready().address, False), "unix": (f"unix:{folder}/socket", False),
           "TLS": (secure.ready().address, True)}
    for sidecar in (plain, secure):
        try:
            sidecar.stop()
        finally:
            sidecar.kill()


class Connection(Peer):
    """A connection whose frames are kept by the stream that they are about."""

    def __init__(self, place):
        address, tls = place
        super().__init__(address, tls=tls)
        self.fields, self.data, self.resets, self.ended, self.goaways = {}, {}, {}, set(), []

    def take(self):
        kind, flags, stream, payload = self.read()
        if kind == HEADERS:
            self.fields.setdefault(stream, {}).update(self.decoder.decode(payload))
        if kind == DATA:
            self.data[stream] = self.data.get(stream, b"") + payload
        if kind == RST_STREAM:
            self.resets.setdefault(stream, int.from_bytes(payload, "big"))
        if kind == GOAWAY:
            self.goaways.append(struct.unpack(">II", payload[:8]))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)

    def wait(self, fact):
        """Takes frames until the condition holds; EOFError when the connection ends before."""
        end = time.monotonic() + SECONDS
        while not fact():
            assert time.monotonic() < end, vars(self)
            self.take()

    def ping(self):
        """Waits until all that was sent has been taken."""
        self.send(frame(6, payload=b"8 bytes!"))
        while self.read()[:2] != (6, 1):
            pass


def count(upstream, name):
    return sum(request.json()["name"] == name for request in upstream.requests)


def culprit_of(connection, row):
    """Sends the row, waits for what its caller gets, and asserts that."""
    connection.send(row.data)
    if row.outcome == "CONNECTION":
        connection.wait(lambda: connection.goaways)
        assert connection.goaways == [(row.stream, row.code)]
    elif row.outcome == "RESET":
        connection.wait(lambda: row.stream in connection.resets)
        assert ERRORS[connection.resets[row.stream]] == ERRORS[row.code]
        assert "grpc-status" not in connection.fields.get(row.stream, {}) or row.code == ERRORS.index("STREAM_CLOSED")
    elif row.outcome == "PENDING":
        connection.ping()
        assert row.stream not in connection.fields
    else:
        connection.wait(lambda: row.stream in connection.ended)
        fields = connection.fields[row.stream]
        assert (fields["grpc-status"], fields[":status"]) == (str(row.code), HTTP_STATUS.get(row.name, "200"))
        assert connection.goaways == []


def check(place, row, upstream):
    name, step = f"neighbour_{next(numbers)}", upstream.always
    served = count(upstream, "culprit")
    step.hold(name)
    with Connection(place) as connection:
        assert connection.call(name=name) == FIRST_STREAM
        with upstream.changed:
            assert upstream.changed.wait_for(lambda: count(upstream, name), SECONDS)
        culprit_of(connection, row)
        step.release(name)
        connection.wait(lambda: FIRST_STREAM in connection.ended)
        assert connection.fields[FIRST_STREAM]["grpc-status"] == "0" and name.encode() in connection.data[FIRST_STREAM]
        if row.outcome == "CONNECTION" and row.stream != FIRST_STREAM:
            connection.send(frame(RST_STREAM, 0, row.stream, struct.pack(">I", CANCEL)))
        if row.outcome == "CONNECTION":
            connection.wait_end()
        elif row.name not in ("1100 streams at once", "GOAWAY from client"):
            connection.streams = itertools.count(row.stream + 2, 2)
            assert connection.create()["grpc-status"] == "0"
    assert count(upstream, name) == 1
    assert count(upstream, "culprit") - served == ((row.outcome, row.code) == ("SERVED", 0))


@pytest.mark.parametrize("name", rows())
def test_a_neighbour_of_a_fault_ends_with_its_own_outcome(places, held, name):
    check(places["plaintext"], rows()[name], held)


@pytest.mark.parametrize("listener", ["TLS", "unix"])
@pytest.mark.parametrize("name", SOME)
def test_a_neighbour_ends_with_its_own_outcome_on_every_kind_of_listener(places, held, listener, name):
    check(places[listener], rows()[name], held)


def test_a_neighbour_of_2000_resets_ends_with_its_own_outcome(start, upstream):
    """The connection takes no more calls, and ends after it."""
    upstream.always = step = Held()
    step.hold("neighbour")
    with Connection((start().address, False)) as connection:
        connection.call(name="neighbour")
        upstream.wait_requests(1)
        streams = range(3, 3 + 2 * RESETS, 2)
        connection.send(*(connection.headers(stream) + connection.reset(stream) for stream in streams))
        step.release("neighbour")
        connection.wait(lambda: FIRST_STREAM in connection.ended)
        assert connection.fields[FIRST_STREAM]["grpc-status"] == "0"
        assert [ERRORS[code] for _, code in connection.goaways] == ["ENHANCE_YOUR_CALM"]
        connection.wait_end()
    assert count(upstream, "neighbour") == len(upstream.requests) == 1
