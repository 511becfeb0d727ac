# SPDX-License-Identifier: MIT
"""
A call is committed when response headers go to its caller: before a request that changes something begins to leave, and not
earlier, because a client repeats by its policy only what is not committed (gRFC A6). Seen frame by frame.
"""
import pathlib
import ssl
import threading
import time

import pytest

from support import api
from support.certificate import make_certificate
from support.h2peer import END_STREAM, HEADERS, PREFACE, SECONDS, SETTINGS, Peer, frame
from support.metrics import value
from support.retrying import wait_until
from support.upstream import response, end_after_reading, error, http, silence

LISTING = {"size": 0, "total": 0, "groups": []}
AT_A_TIME, ROUNDS = 32, 8


@pytest.fixture
def peer():
    """peer(sidecar) opens a connection."""
    made = []

    def peer(sidecar):
        made.append(Peer(sidecar.address))
        return made[-1]
    yield peer
    for each in made:
        each.socket.close()


class Observer:
    """Steps of an upstream's script that record the response headers that the peer had when a request's first byte arrived.
    Only this object reads from the peer."""

    def __init__(self, peer):
        self.peer, self.lock = peer, threading.Lock()
        self.headers, self.ended = {}, set()  # stream → its first headers; the streams that have ended
        self.seen = {}  # stream → those first headers, or None, when its request's first byte arrived

    def look(self):
        with self.lock:
            for kind, flags, stream, payload in self.peer.arrived():
                if kind == HEADERS:
                    self.headers.setdefault(stream, dict(self.peer.decoder.decode(payload)))
                if kind == HEADERS and flags & END_STREAM:
                    self.ended.add(stream)
            return dict(self.headers)

    def step(self, data):
        def step(connection):
            committed = self.look()
            request = connection.read()
            stream = int(request.fields["x-request-id"])
            self.seen[stream] = committed.get(stream)
            connection.send(data)
            return True
        return step

    def wait(self, streams):
        latest = time.monotonic() + SECONDS
        while not self.ended >= set(streams):
            assert time.monotonic() < latest, f"{set(streams) - self.ended} did not end"
            self.look()
            time.sleep(0.001)


def call(peer, **how):
    """A call whose id is the stream that it will have."""
    number = next(peer.streams)
    peer.streams = iter([number, *range(number + 2, 1 << 20, 2)])
    return peer.call([("x-request-id", str(number))], **how)


@pytest.mark.parametrize("options", [[], ["--upstream-connections=2"]], ids=["connections to spare", "calls that wait"])
def test_the_caller_has_response_headers_before_a_create_begins_to_leave(start, upstream, peer, options):
    observer = Observer(peer(start(*options)))
    upstream.always = observer.step(http())
    for _ in range(ROUNDS):
        streams = [call(observer.peer, name="api_group_001") for _ in range(AT_A_TIME)]
        observer.wait(streams)
    assert len(observer.seen) == ROUNDS * AT_A_TIME
    assert not [stream for stream, headers in observer.seen.items() if not headers or "grpc-status" in headers]
    assert all(headers["x-request-id"] == str(stream) for stream, headers in observer.seen.items())


def tls_peer(sidecar):
    """A connection with TLS; a record is read as a whole, so that the socket shows whether there is more."""
    peer = Peer(sidecar.address, greet=False)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    peer.socket = context.wrap_socket(peer.socket)
    peer.send(PREFACE, frame(SETTINGS))
    return peer


def test_a_caller_with_tls_has_response_headers_before_a_create_begins_to_leave(start, upstream, tmp_path):
    own = make_certificate(tmp_path / "own")
    observer = Observer(tls_peer(start(f"--tls-cert-file={own.certificate}", f"--tls-key-file={own.key}")))
    upstream.always = observer.step(http())
    with observer.peer:
        for _ in range(ROUNDS):
            observer.wait([call(observer.peer, name="api_group_001") for _ in range(AT_A_TIME)])
    assert len(observer.seen) == ROUNDS * AT_A_TIME
    assert not [stream for stream, headers in observer.seen.items() if not headers or "grpc-status" in headers]


@pytest.mark.parametrize("data", [http(200, LISTING), http(403, b"")], ids=["listed", "refused"])
def test_a_call_that_only_reads_is_not_committed_before_it_is_answered(sidecar, upstream, peer, data):
    observer = Observer(peer(sidecar))
    upstream.always = observer.step(data)
    streams = [call(observer.peer, method="ListApiGroups") for _ in range(AT_A_TIME)]
    observer.wait(streams)
    assert observer.seen == dict.fromkeys(streams)


def test_a_create_that_is_refused_by_the_upstream_has_its_id_ahead(sidecar, upstream, peer):
    upstream.script(response(error(400, "APIG.2011")))
    connection = peer(sidecar)
    headers, trailers = connection.response(connection.call([("x-request-id", "7")], name="api_group_001"))
    assert headers["x-request-id"] == "7" and "grpc-status" not in headers
    assert (trailers["grpc-status"], trailers["x-apig-attempts"]) == ("3", "1") and "x-request-id" not in trailers


def test_a_read_that_is_answered_has_its_id_ahead(sidecar, upstream, peer):
    upstream.script(response(http(200, LISTING)))
    connection = peer(sidecar)
    headers, _, trailers = connection.response(connection.call([("x-request-id", "7")], "ListApiGroups"))
    assert headers["x-request-id"] == "7"
    assert trailers["grpc-status"] == "0" and "x-request-id" not in trailers


class Scene:
    """The values of the fixtures, in one object."""

    def __init__(self, start, upstream, token, peer):
        self.start, self.upstream, self.token, self.peer = start, upstream, token, peer

    def call(self, *options, more=(), method="CreateApiGroup", **values):
        """The response of a call."""
        peer = self.peer(self.start(*options))
        values = values if method == "ListApiGroups" else {"name": "api_group_001", **values}
        return peer.response(peer.call([("x-request-id", "7"), *more], method, **values))


def no_credential(scene):
    scene.token.remove()
    return scene.call()


def too_many_calls(scene):
    scene.upstream.script(silence())
    sidecar = scene.start("--max-in-flight=1")
    holder, second = scene.peer(sidecar), scene.peer(sidecar)
    holder.call(name="holder")
    scene.upstream.wait_requests(1)
    return second.response(second.call([("x-request-id", "7")], name="api_group_001"))


def lost_read(scene):
    scene.upstream.always = end_after_reading()
    return scene.call(method="ListApiGroups")


# what happens, grpc-status, pushback for a retry policy
BEFORE = {
    "a rule is broken": (lambda scene: scene.call(name="?"), "3", None),
    "too many metadata": (lambda scene: scene.call("--max-metadata-count=1", more=[("a", "b")]), "8", "never"),
    "too many calls": (too_many_calls, "8", "later"),
    "no credential": (no_credential, "14", "later"),
    "the upstream cannot be reached": (lambda scene: scene.call("--upstream=https://localhost:1"), "14", "later"),
    "a read whose answer is lost": (lost_read, "14", "later"),
}


@pytest.mark.parametrize("happens,code,retry", BEFORE.values(), ids=BEFORE)
def test_a_failure_before_the_commit_is_one_frame_of_trailers_only(start, upstream, token, peer, happens, code, retry):
    [trailers] = happens(Scene(start, upstream, token, peer))
    assert trailers["grpc-status"] == code
    assert trailers["x-request-id"] == "7"
    assert trailers["grpc-status-details-bin"]
    pushback = trailers.get("grpc-retry-pushback-ms")
    assert (pushback and ("never" if pushback == "-1" else "later")) == retry


def test_an_unknown_method_is_one_frame_of_trailers_only(sidecar, peer):
    connection = peer(sidecar)
    stream = next(connection.streams)
    connection.send(connection.headers(stream, path="/x.Y/Z"), connection.message(stream, b""))
    [trailers] = connection.response(stream)
    assert trailers["grpc-status"] == "12" and trailers["grpc-status-details-bin"]


def reset(connection):
    """Ends a connection before the handshake; the sidecar's next attempt opens another one."""
    connection.reset()


def test_attempts_of_which_nothing_left_are_not_counted(start, upstream, peer):
    upstream.greet(reset)
    upstream.script(response())
    connection = peer(start())
    assert connection.create()["x-apig-attempts"] == "1"
    assert upstream.connections == 2
    assert "x-apig-attempts" not in peer(start("--upstream=https://localhost:1")).create()


def test_each_attempt_that_left_is_counted(sidecar, upstream, peer):
    upstream.script(response(error(503, "APIGW.0613")), response())
    assert peer(sidecar).create()["x-apig-attempts"] == "2"


@pytest.mark.parametrize("name,value,code", [
    ("grpc-previous-rpc-attempts", "0", "0"), ("grpc-previous-rpc-attempts", "1", "14"), ("grpc-previous-rpc-attempts", "3", "14"),
    ("x-envoy-attempt-count", "1", "0"), ("x-envoy-attempt-count", "2", "14"),
])
def test_a_call_that_is_a_retry_is_not_retried_by_the_sidecar(sidecar, upstream, peer, name, value, code):
    """Otherwise the attempts of the sidecar and those of the caller would multiply."""
    upstream.greet(reset)
    upstream.script(*[response()] * (code == "0"))
    assert peer(sidecar).create([(name, value)])["grpc-status"] == code


@pytest.mark.parametrize("more", [("grpc-previous-rpc-attempts", "1"), ("x-envoy-attempt-count", "2")])
def test_a_request_that_the_upstream_refused_is_retried_although_the_call_is_a_retry(sidecar, upstream, peer, more):
    """After the commit only the sidecar can retry."""
    upstream.script(response(error(503, "APIGW.0613")), response())
    trailers = peer(sidecar).create([more])
    assert (trailers["grpc-status"], trailers["x-apig-attempts"]) == ("0", "2")


@pytest.mark.parametrize("entries,code", [(2, "0"), (3, "8")])
def test_numbers_of_attempts_do_not_count_as_metadata_of_the_caller(start, upstream, peer, entries, code):
    upstream.script(*[response()] * (code == "0"))
    connection = peer(start("--max-metadata-count=2"))
    more = [("grpc-previous-rpc-attempts", "1"), ("x-envoy-attempt-count", "2"), *[(f"x-{n}", "v") for n in range(entries)]]
    assert connection.create(more)["grpc-status"] == code


def unsent_bytes(peer):
    """Returns how many bytes the kernel keeps for the peer because it does not read."""
    port = f":{peer.socket.getsockname()[1]:04X}"
    fields = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines())
    return next((int(each[4].partition(":")[0], 16) for each in fields if each[2].endswith(port)), 0)


def keeps(peer, unsent):
    """Returns whether the kernel still has as many bytes for the peer after longer than responses take through the sidecar."""
    latest = time.monotonic() + 0.3
    while unsent_bytes(peer) == unsent:
        if time.monotonic() > latest:
            return True
        time.sleep(0.01)
    return False


def refused(sidecar):
    labels = {"rpc_method": f"{api.SERVICE}/CreateApiGroup", "rpc_response_status_code": "INVALID_ARGUMENT"}
    return value(sidecar, "rpc_server_calls_total", **labels)


SHORTEST_RESPONSE = 400  # bytes of a call that fails


def fill(sidecar, peer):
    """Makes calls that fail at once and reads none of the responses until the kernel takes no more of them. The batches are
    small, and smaller when the kernel takes no longer all, because the sidecar reads no calls of a caller who leaves more than
    64 KiB of responses unread."""
    calls, full, batch = 0, 0, 15
    while full < 2:
        unsent = unsent_bytes(peer)
        for _ in range(batch):
            peer.call(name="not valid")
        calls += batch
        wait_until(lambda: refused(sidecar) >= calls)
        full = full + 1 if unsent and keeps(peer, unsent) else 0
        if unsent and unsent_bytes(peer) - unsent < batch * SHORTEST_RESPONSE:
            batch = 3


def test_a_caller_that_does_not_read_delays_no_other_call(start, upstream):
    upstream.always = response()
    sidecar = start("--upstream-connections=2")
    client = sidecar.client()
    client.create()
    with Peer(sidecar.address, receive_bytes=2048) as silent:
        fill(sidecar, silent)
        for _ in range(200):
            silent.call(name="silent")
        wait_until(lambda: value(sidecar, "apig_sidecar_calls_in_flight") == 200)
        began = time.monotonic()
        for _ in range(4):
            client.create()
        assert time.monotonic() - began < 3  # 100 ms for each of the 200 calls were 10 s
    assert not [request for request in upstream.requests if request.json()["name"] == "silent"]
