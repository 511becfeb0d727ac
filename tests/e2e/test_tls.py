# SPDX-License-Identifier: MIT
"""Does a TLS listener accept exactly the callers that it should, and carry every byte?"""
import os
import resource
import socket
import ssl
import warnings

import grpc
import pytest

from support.certificate import make_certificate
from support.client import Client
from support.sidecar import run
from support.upstream import GROUP, response, http, late, silence

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


@pytest.fixture(scope="session")
def own(tmp_path_factory):
    """The certificate of the sidecar for its callers."""
    return make_certificate(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The CA of the callers' certificates."""
    return make_certificate(tmp_path_factory.mktemp("authority"), "callers", "DNS:callers")


@pytest.fixture(scope="session")
def caller(tmp_path_factory, authority):
    return make_certificate(tmp_path_factory.mktemp("caller"), "caller", "URI:spiffe://test/ns/a/sa/b", authority)


def flags(own, authority=None):
    return [f"--tls-cert-file={own.certificate}", f"--tls-key-file={own.key}",
            *([f"--tls-client-ca-file={authority.certificate}"] if authority else [])]


def trust(own, caller=None):
    """Returns the credentials of a client."""
    shown = (caller.key.read_bytes(), caller.certificate.read_bytes()) if caller else ()
    return grpc.ssl_channel_credentials(own.certificate.read_bytes(), *shown)


@pytest.fixture
def tls(start, own):
    return start(*flags(own))


@pytest.fixture
def mtls(start, own, authority):
    return start(*flags(own, authority))


def connect(sidecar, own, protocols=("h2",), caller=None, most=ssl.TLSVersion.TLSv1_3):
    """Opens a TLS connection with Python's ssl; raises the error of the handshake."""
    context = ssl.create_default_context(cafile=str(own.certificate))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, most
    context.set_ciphers("ALL:@SECLEVEL=0")
    if protocols:
        context.set_alpn_protocols(protocols)
    if caller:
        context.load_cert_chain(caller.certificate, caller.key)
    host, _, port = sidecar.address.rpartition(":")
    return context.wrap_socket(socket.create_connection((host, int(port)), 30), server_hostname="localhost")


def is_turned_away(sidecar, *how, **more):
    """Returns whether the server refuses the client; with TLS 1.3 the client sees that only after its own handshake."""
    try:
        with connect(sidecar, *how, **more) as stranger:
            stranger.sendall(PREFACE + SETTINGS)
            return stranger.recv(1) == b""
    except OSError:
        return True


def test_a_call_over_tls_succeeds(tls, own, upstream):
    upstream.script(response())
    tls.client(credentials=trust(own)).create()


def test_a_refusal_over_tls_has_its_details(tls, own):
    assert tls.client(credentials=trust(own)).refusal(name="x")[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(tls, own, version):
    with connect(tls, own, most=version) as caller:
        caller.sendall(PREFACE + SETTINGS)
        assert caller.recv(9)
        assert caller.selected_alpn_protocol() == "h2"


def test_tls_1_1_is_refused(tls, own):
    with pytest.raises(ssl.SSLError):
        connect(tls, own, most=ssl.TLSVersion.TLSv1_1)


@pytest.mark.parametrize("protocols", [(), ("http/1.1",), ("h2c", "h3")])
def test_a_caller_that_does_not_offer_http2_is_disconnected(tls, own, protocols):
    assert is_turned_away(tls, own, protocols)


def test_a_plaintext_caller_is_disconnected(tls, own, upstream):
    assert Client(tls.address).refusal()[0] == "UNAVAILABLE"
    upstream.script(response())
    tls.client(credentials=trust(own)).create()


def test_a_unix_socket_stays_plaintext(start, own, upstream, tmp_path):
    sidecar = start(*flags(own), f"--listen=unix:{tmp_path}/s")
    sidecar.wait_log(2, event="listening")
    upstream.script(response(), response())
    Client(f"unix:{tmp_path}/s").create()
    sidecar.client(credentials=trust(own)).create()


def test_a_caller_with_a_certificate_of_the_client_ca_is_accepted(mtls, own, caller, upstream):
    upstream.script(response())
    mtls.client(credentials=trust(own, caller)).create()
    assert mtls.wait_log(event="call")[0]["caller"] == "spiffe://test/ns/a/sa/b"


def test_a_caller_without_a_certificate_of_the_client_ca_is_refused(mtls, own, caller, upstream, tmp_path):
    upstream.always = response()
    bystander = mtls.client(credentials=trust(own, caller))
    bystander.create()
    assert not is_turned_away(mtls, own, caller=caller)
    assert is_turned_away(mtls, own)
    assert is_turned_away(mtls, own, caller=make_certificate(tmp_path, "caller", "URI:spiffe://test/ns/a/sa/b"))
    assert mtls.client(credentials=trust(own)).refusal()[0] == "UNAVAILABLE"
    assert "TLS handshake" in mtls.wait_log(event="connection refused")[0]["message"]
    bystander.create()


def test_a_session_is_never_resumed(mtls, own, caller):
    for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with connect(mtls, own, caller=caller, most=most) as first:
            first.sendall(PREFACE + SETTINGS)
            first.recv(9)
            assert not (first.session and first.session.has_ticket)
            assert not (first.session and first.session.id and most is ssl.TLSVersion.TLSv1_2)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01"], ids=["nothing", "half a hello"])
def test_a_slow_handshake_is_ended(start, own, said):
    sidecar = start(*flags(own), "--handshake-timeout=200ms")
    host, _, port = sidecar.address.rpartition(":")
    with socket.create_connection((host, int(port)), 30) as stranger:
        stranger.sendall(said)
        assert stranger.recv(1) == b""


def test_a_caller_that_is_silent_after_the_handshake_is_disconnected(start, own):
    sidecar = start(*flags(own), "--handshake-timeout=200ms")
    with connect(sidecar, own) as stranger:
        assert stranger.recv(1) == b""


def test_a_caller_without_http2_is_disconnected(tls, own):
    with connect(tls, own) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stranger.recv(1) == b""


def test_a_preface_in_pieces_is_accepted(tls, own):
    with connect(tls, own) as caller:
        for byte in PREFACE + SETTINGS:
            caller.sendall(bytes([byte]))
        assert caller.recv(9)


def test_large_messages_come_whole_both_ways(start, own, upstream):
    """The messages are larger than all buffers on the way."""
    sidecar = start(*flags(own), "--max-message=4MiB", "--max-response=4MiB")
    client = sidecar.client(credentials=trust(own))
    refused = client.start(remark="r" * (3 << 20))
    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT and "remark" in refused.details()
    remark = "".join(map(str, range(500_000)))
    upstream.always = response(http(body={**GROUP, "remark": remark}))
    calls = [client.start() for _ in range(4)]
    assert all(call.result().remark == remark for call in calls)


def test_a_drain_brings_every_response(start, own, upstream):
    sidecar = start(*flags(own))
    steps = [late() for _ in range(20)]
    upstream.script(*steps)
    clients = [sidecar.client(credentials=trust(own)) for _ in range(4)]
    calls = [client.start(f"group_{number}") for client in clients for number in range(5)]
    upstream.wait_requests(20)
    sidecar.signal()
    sidecar.wait_log(event="draining")
    for step in steps:
        step.go.set()
    assert [call.code() for call in calls] == [grpc.StatusCode.OK] * 20
    assert sidecar.wait() == 0


def test_a_drain_that_times_out_reports_the_outcome_of_calls(start, own, upstream):
    sidecar = start(*flags(own), "--drain-timeout=300ms")
    upstream.script(silence())
    call = sidecar.client(credentials=trust(own)).start()
    upstream.wait_requests(1)
    sidecar.signal()
    assert call.code() is grpc.StatusCode.UNKNOWN
    assert sidecar.wait() == 0


def test_a_caller_that_never_reads_or_never_finishes_a_handshake_does_not_delay_a_drain(tls, own):
    host, _, port = tls.address.rpartition(":")
    with connect(tls, own) as deaf, socket.create_connection((host, int(port)), 30) as slow:
        slow.sendall(b"\x16\x03\x01")
        deaf.sendall(PREFACE + SETTINGS)
        assert deaf.recv(9)
        tls.signal()
        assert tls.process.wait(20) == 0


def test_limits_count_tls_connections(start, own, upstream):
    sidecar = start(*flags(own), "--max-connections=2")
    upstream.always = response()
    clients = [sidecar.client(credentials=trust(own)) for _ in range(2)]
    for client in clients:
        client.create()
    turned_away = sidecar.client(credentials=trust(own))
    assert turned_away.refusal()[0] == "UNAVAILABLE"
    turned_away.close()
    clients[0].close()
    sidecar.client(credentials=trust(own)).create(wait_for_ready=True)
    clients[1].create()


def test_the_sidecar_serves_again_after_descriptors_ran_out(tls, own, upstream):
    upstream.always = response()
    tls.client(credentials=trust(own)).create()
    host, _, port = tls.address.rpartition(":")
    used, (_, hard) = len(os.listdir(f"/proc/{tls.process.pid}/fd")), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(tls.process.pid, resource.RLIMIT_NOFILE, (used + 4, hard))
    strangers = [socket.create_connection((host, int(port)), 30) for _ in range(40)]
    tls.wait_log(event="connection refused")
    for stranger in strangers:
        stranger.close()
    tls.client(credentials=trust(own)).create(wait_for_ready=True)


def test_many_connections_leave_no_descriptor_open(tls, own, upstream):
    upstream.always = response()
    watcher = tls.client(credentials=trust(own))

    def descriptors():
        return len(os.listdir(f"/proc/{tls.process.pid}/fd"))
    watcher.create()
    before = descriptors()
    for _ in range(20):
        client = Client(tls.address, credentials=trust(own))
        client.create()
        client.close()
    for _ in range(200):  # a closed connection is noticed after a moment
        watcher.create()
        if descriptors() <= before + 3:
            return
    assert descriptors() <= before + 3


@pytest.mark.parametrize("missing", ["certificate", "key", "both"])
def test_a_certificate_without_a_key_or_the_reverse_ends_with_2(own, missing):
    given = {"certificate": [f"--tls-key-file={own.key}"], "key": [f"--tls-cert-file={own.certificate}"],
             "both": [f"--tls-client-ca-file={own.certificate}"]}[missing]
    ended = run("serve", "--upstream=https://localhost:1", *given)
    assert ended.returncode == 2
    assert "--tls-cert-file" in ended.stderr and "--tls-key-file" in ended.stderr


def test_files_that_cannot_be_used_end_the_start_with_1_and_are_named(own, caller, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for wrong, named in [(["--tls-key-file=/no/such/file"], "/no/such/file"),
                         ([f"--tls-key-file={caller.key}"], "not the certificate's key"),
                         ([f"--tls-cert-file={empty}"], str(empty)),
                         ([f"--tls-client-ca-file={own.key}"], str(own.key))]:
        ended = run("serve", "--upstream=https://localhost:1", "--listen=127.0.0.1:0", "--monitor=127.0.0.1:0",
                    "--admin=127.0.0.1:0", *flags(own), *wrong)
        assert ended.returncode == 1
        assert named in ended.stderr.splitlines()[-1]


def test_a_public_address_needs_client_certificates_or_permission(start, own, authority):
    ended = run("serve", "--upstream=https://localhost:1", "--listen=0.0.0.0:0", *flags(own))
    assert ended.returncode == 2
    assert "--tls-client-ca-file" in ended.stderr and "--allow-public-plaintext" in ended.stderr
    start(*flags(own, authority), listen="0.0.0.0:0")
    start(*flags(own), "--allow-public-plaintext", listen="0.0.0.0:0")
