# SPDX-License-Identifier: MIT
"""Are certificates and CAs replaced without a failed call, and bad ones ignored?"""
import signal
import threading
import time

import grpc
import pytest

from support.certificate import Certificate, make_certificate

from support.metrics import value
from support.secret import Mount
from support.sidecar import run
from support.upstream import response, response_then_end, http

SECONDS = 60  # no wait of a test lasts longer, whatever goes wrong


def pems(certificate, client_ca=None):
    """Returns the files of a cert-manager Secret."""
    files = {"tls.crt": certificate.certificate.read_bytes(), "tls.key": certificate.key.read_bytes()}
    return {**files, "ca.crt": client_ca.certificate.read_bytes()} if client_ca else files


class Served:
    """A sidecar whose certificate is mounted, and its callers."""

    def __init__(self, start, folder, *options, client_ca=None, **more):
        self.first = make_certificate(folder / "first")
        self.mount = Mount(folder / "mount", pems(self.first, client_ca))
        flags = [f"--tls-cert-file={self.mount.directory}/tls.crt", f"--tls-key-file={self.mount.directory}/tls.key"]
        if client_ca:
            flags.append(f"--tls-client-ca-file={self.mount.directory}/ca.crt")
        self.sidecar = start(*flags, *options, **more)

    def client(self, shown, caller=None):
        own = (caller.key.read_bytes(), caller.certificate.read_bytes()) if caller else ()
        return self.sidecar.client(credentials=grpc.ssl_channel_credentials(shown.certificate.read_bytes(), *own))

    def loads(self, file, result):
        return value(self.sidecar, "apig_sidecar_file_loads_total", file=file, result=result)


def test_a_certificate_is_replaced_under_load_without_a_failed_call(start, tmp_path, upstream):
    served = Served(start, tmp_path)
    upstream.always = response()
    certificates = [served.first, *(make_certificate(tmp_path / f"next_{number}") for number in range(3))]
    trusted = tmp_path / "all.pem"
    trusted.write_bytes(b"".join(each.certificate.read_bytes() for each in certificates))
    everything = Certificate(trusted, None)
    done, failures, calls = threading.Event(), [], []

    def call_without_end(renew):
        client = served.client(everything)
        while not done.is_set():
            try:
                client.create()
                calls.append(renew)
            except grpc.RpcError as failure:
                failures.append(failure)
            if renew:
                client.close()
                client = served.client(everything)
    threads = [threading.Thread(target=call_without_end, args=(renew,)) for renew in (False, False, True)]
    for thread in threads:
        thread.start()
    for number, next_one in enumerate(certificates[1:], 1):
        served.mount.swap(pems(next_one))
        served.sidecar.wait_log(number + 1, event="certificate loaded")
        served.client(next_one).create()
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert {True, False} <= set(calls)
    assert served.client(served.first).refusal()[0] == "UNAVAILABLE"


@pytest.mark.parametrize("bad", ["key of another", "no certificate", "no key", "missing"])
def test_a_bad_certificate_leaves_the_last_one_in_use_until_a_good_one_comes(start, tmp_path, upstream, bad):
    served = Served(start, tmp_path)
    upstream.always = response()
    other = make_certificate(tmp_path / "other")
    files = {"key of another": {**pems(served.first), "tls.key": other.key.read_bytes()},
             "no certificate": {**pems(other), "tls.crt": b"-----BEGIN CERTIFICATE-----\nAA=="},
             "no key": {**pems(other), "tls.key": b""}, "missing": {"tls.crt": b""}}[bad]
    served.mount.swap(files)
    [line] = served.sidecar.wait_log(event="certificate rejected")
    assert line["level"] == "warning" and str(served.mount.directory) in line["message"]
    served.client(served.first).create()
    assert (served.loads("certificate", "ok"), served.loads("certificate", "failed")) == (1, 1)
    served.mount.swap(pems(other))
    served.sidecar.wait_log(2, event="certificate loaded")
    assert served.loads("certificate", "ok") == 2
    served.client(other).create()


def test_a_client_ca_that_is_taken_away_lets_no_new_connection_in(start, tmp_path, upstream):
    old, new = (make_certificate(tmp_path / name, name, f"DNS:{name}") for name in ("old", "new"))
    callers = {authority: make_certificate(tmp_path / f"of_{name}", "caller", f"URI:spiffe://test/{name}", authority)
               for authority, name in ((old, "old"), (new, "new"))}
    served = Served(start, tmp_path, client_ca=old)
    upstream.always = response()
    before = served.client(served.first, callers[old])
    before.create()
    assert served.client(served.first, callers[new]).refusal()[0] == "UNAVAILABLE"
    served.mount.swap(pems(served.first, new))
    served.sidecar.wait_log(2, event="certificate loaded")
    served.client(served.first, callers[new]).create()
    assert served.client(served.first, callers[old]).refusal()[0] == "UNAVAILABLE"
    before.create()


class Trusting:
    """A sidecar that reads the upstream's CA from a mount, and an upstream whose certificate may change."""

    def __init__(self, start, folder, upstream):
        self.upstream = upstream
        self.mount = Mount(folder / "mount", {"ca.crt": upstream.certificate.certificate.read_bytes()})
        self.sidecar = start(f"--upstream-ca-file={self.mount.directory}/ca.crt")
        self.client = self.sidecar.client()

    def call_and_end(self):
        """Makes a call after which the connection closes, so that the next call needs another one."""
        self.upstream.script(response_then_end(http(fields=["Connection: close"])))
        self.client.create()

    def present(self, certificate):
        """Sets the certificate that the upstream sends on new connections."""
        self.upstream.context.load_cert_chain(certificate.certificate, certificate.key)


def test_the_upstreams_ca_is_replaced_and_no_session_outlives_it(start, tmp_path, upstream):
    trusting = Trusting(start, tmp_path, upstream)
    other = make_certificate(tmp_path / "other")
    trusting.call_and_end()
    trusting.call_and_end()
    trusting.mount.swap({"ca.crt": other.certificate.read_bytes()})
    trusting.sidecar.wait_log(2, event="upstream CA loaded")
    code, message = trusting.client.refusal()
    assert code == "UNAVAILABLE" and "certificate" in message
    trusting.present(other)
    upstream.always = response()
    until_it_tries_again = time.monotonic() + SECONDS
    while trusting.client.start().code() is not grpc.StatusCode.OK:
        assert time.monotonic() < until_it_tries_again


def test_a_connection_that_is_open_outlives_a_change_of_the_upstreams_ca(start, tmp_path, upstream):
    trusting = Trusting(start, tmp_path, upstream)
    upstream.always = response()
    trusting.client.create()
    trusting.mount.swap({"ca.crt": make_certificate(tmp_path / "other").certificate.read_bytes()})
    trusting.sidecar.wait_log(2, event="upstream CA loaded")
    trusting.client.create()
    assert upstream.connections == 1


@pytest.mark.parametrize("content", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_a_bad_upstream_ca_leaves_the_last_one_in_use(start, tmp_path, upstream, content):
    trusting = Trusting(start, tmp_path, upstream)
    trusting.mount.swap({"ca.crt": content})
    [line] = trusting.sidecar.wait_log(event="upstream CA rejected")
    assert line["level"] == "warning" and str(trusting.mount.directory) in line["message"]
    trusting.call_and_end()
    assert value(trusting.sidecar, "apig_sidecar_file_loads_total", file="upstream_ca", result="failed") == 1


def test_a_sidecar_without_the_upstreams_ca_is_not_ready_until_the_file_comes(start, tmp_path, upstream):
    path = tmp_path / "late.pem"
    sidecar = start(f"--upstream-ca-file={path}")
    [line] = sidecar.wait_log(event="upstream CA rejected")
    assert line["level"] == "warning" and str(path) in line["message"]
    status, body = sidecar.ask("/readyz", port="monitor")
    assert status == 503 and "no CA loaded from --upstream-ca-file" in body
    assert sidecar.ask("/livez", port="monitor")[0] == 200
    assert sidecar.client().refusal()[0] == "UNAVAILABLE"
    path.write_bytes(upstream.certificate.certificate.read_bytes())
    sidecar.wait_log(event="upstream CA loaded")
    upstream.always = response()
    client, until = sidecar.client(), time.monotonic() + SECONDS
    while client.start().exception():  # the breaker is open for a moment
        assert time.monotonic() < until
    assert sidecar.ask("/readyz", port="monitor")[0] == 200


def test_sighup_reads_all_files_again_and_reports_each(start, token, tmp_path):
    served = Served(start, tmp_path)
    sidecar = served.sidecar
    for _ in range(2):
        seen = len(sidecar.lines)
        sidecar.process.send_signal(signal.SIGHUP)
        for event in ("credential loaded", "certificate loaded", "upstream CA loaded"):
            sidecar.wait_log(event=event, since=seen)
    served.mount.swap({"tls.crt": b"bad", "tls.key": b"bad"})
    sidecar.wait_log(event="certificate rejected")
    seen = len(sidecar.lines)
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.wait_log(event="certificate rejected", since=seen)
    assert sidecar.ask("/readyz", port="monitor")[0] == 200


def test_check_looks_at_certificates_and_cas(certificate, token, tmp_path):
    good = [f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}",
            f"--tls-client-ca-file={certificate.certificate}", f"--upstream-ca-file={certificate.certificate}",
            f"--iam-ca-file={certificate.certificate}"]
    base = ["check", "--upstream=https://127.0.0.1", f"--token-file={token.path}"]
    ended = run(*base, *good)
    assert ended.returncode == 0
    assert "✓ --tls-cert-file: the certificate expires at 20" in ended.stdout
    other = make_certificate(tmp_path / "other")
    ended = run(*base, *good, f"--tls-key-file={other.key}", f"--upstream-ca-file={other.key}", f"--iam-ca-file={other.key}")
    assert ended.returncode == 1
    assert ended.stdout.count("✗") == 3 and "not the certificate's key" in ended.stdout
