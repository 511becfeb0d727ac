# SPDX-License-Identifier: MIT
"""
A TLS upstream that follows a script. Each request that arrives takes the next step of the script; a step is a function of
the connection that returns true when the connection may carry another request. A request without a step, or a byte that request.py refuses, is a fault, and a fault fails the test.
"""
import contextlib
import json
import select
import socket
import ssl
import struct
import threading
import warnings

from support.request import Reader, Unexpected, read_request

SAFETY_SECONDS = 60  # limit of every wait of a test

GROUP = {
    "id": "c77f5e81d9cb4424bf704ef2b0ac7600", "name": "api_group_001", "status": 1,
    "sl_domain": "c77f5e81d9cb4424bf704ef2b0ac7600.apic.example.com",
    "register_time": "2020-07-31T06:55:55.383169068Z", "update_time": "2020-07-31T06:55:55.383169299Z",
    "on_sell_status": 2, "url_domains": [], "sl_domain_access_enabled": True,
    "sl_domains": ["c77f5e81d9cb4424bf704ef2b0ac7600.apic.example.com"], "remark": "API group 1",
    "call_limits": 0, "time_interval": 0, "time_unit": "", "is_default": 2, "version": "",
}


def http(status=201, body=GROUP, fields=(), reason="Reason"):
    """Returns the bytes of a response. A body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"HTTP/1.1 {status} {reason}", "Content-Type: application/json",
             f"Content-Length: {len(content)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def chunked(body=GROUP, sizes=(7,), status=201, trailers=b""):
    """The same, chunked: pieces of the given sizes, the last size repeated."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sizes, pieces = list(sizes), []
    while content:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        pieces.append(b"%x\r\n%s\r\n" % (len(content[:size]), content[:size]))
        content = content[size:]
    return (b"HTTP/1.1 %d Reason\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\n%s\r\n"
            % (status, b"".join(pieces), trailers))


def error(status, code, message="Refused", **more):
    return http(status, {"error_code": code, "error_msg": message, **more})


class Connection:
    """One connection of the sidecar, as the steps of a script see it."""

    def __init__(self, upstream, plain):
        self.upstream = upstream
        self.socket = plain
        self.reader = Reader(self.receive)

    def handshake(self):
        self.socket = self.upstream.context.wrap_socket(self.socket, server_side=True)
        if self.socket.version() not in ("TLSv1.2", "TLSv1.3"):
            raise Unexpected(f"a handshake with {self.socket.version()}")

    def receive(self, count):
        return self.socket.recv(count)

    def read(self):
        """Reads one request, keeps it in upstream.requests and checks that nothing follows it."""
        request = read_request(self.reader, self.upstream.authority)
        if request is None:
            raise Unexpected("the connection ended where a request was due")
        if self.pipelined():
            raise Unexpected("bytes behind the request, which is pipelining")
        self.upstream.note(request)
        return request

    def pipelined(self):
        """Returns whether unread bytes have arrived. The peer's close is readable as well, but has no bytes."""
        self.socket.settimeout(0)
        try:
            return self.reader.fill()
        except (ssl.SSLWantReadError, ConnectionError):
            return False
        finally:
            self.socket.settimeout(SAFETY_SECONDS)

    def wait_readable(self):
        """False when the peer ended the connection instead of sending, or was silent for longer than it may be."""
        readable, _, _ = select.select([self.socket], [], [], self.upstream.idle_seconds)
        return bool(readable) and self.reader.fill()

    def send(self, response):
        self.socket.sendall(response)

    def wait_end(self):
        """Waits until the sidecar ends the connection; any byte it sends instead is a fault."""
        try:
            more = self.socket.recv(1)
        except (ConnectionError, ssl.SSLError):
            return
        if more:
            raise Unexpected("bytes behind a request that has no answer yet")

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        try:
            self.socket.settimeout(0)
            self.socket.unwrap()  # sends close_notify and does not wait for the peer's
        except (OSError, ValueError, AttributeError):
            pass
        self.cut()

    def cut(self):
        self.socket.close()

    def interrupt(self):
        """Makes the thread that serves the connection close it: OpenSSL allows one thread at a time."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


def created(request, **more):
    """The bytes of the response to a create: the group has the name that was asked for, and the members `more`."""
    return http(body={**GROUP, "name": request.json()["name"], **more} if request.method == "POST" else GROUP)


def response(data=None, pieces=None):
    """Reads the request and responds with `data` or, if that is a function, with its result for the request; by default with
    the group that was to be created. In pieces of that many bytes if `pieces` is set."""
    def step(connection):
        request = connection.read()
        whole = data if isinstance(data, bytes) else (data or created)(request)
        size = pieces or len(whole)
        for at in range(0, len(whole), size):
            connection.send(whole[at:at + size])
        return True
    return step


def accepting(tokens):
    """Creates what is sent with a token in `tokens.good`, and refuses the others."""
    def step(connection):
        request = connection.read()
        good = request.token in tokens.good
        connection.send(created(request) if good else error(401, "APIGW.0307", "The token must be updated."))
        return True
    return step


def verified(verifier, code="APIGW.0301"):
    """Reads the request and responds as the gateway does: with the group that was to be created if the verifier accepts the
    signature, else with its refusal."""
    def step(connection):
        request = connection.read()
        refusal = verifier.refusal(request.method, request.target, request.fields, request.body)
        body = {"error_code": code, "error_msg": refusal, "request_id": "1"} if refusal else {**GROUP, "name": request.json()["name"]}
        connection.send(http(401 if refusal else 201, body, [f"Date: {verifier.date}"]))
        return True
    return step


def response_then_end(data, end=Connection.close):
    """Responds and closes the connection although the response did not announce it."""
    def step(connection):
        connection.read()
        connection.send(data)
        end(connection)
        return False
    return step


def end_after_reading(end=Connection.close):
    """Reads the whole request and closes the connection without a response."""
    return response_then_end(b"", end)


def reset_before_reading(connection):
    """Ends the connection when bytes have arrived, without having read a request."""
    connection.reset()
    return False


class silence:
    """Reads the request and never responds; `ended` is set when the sidecar closes the connection."""

    def __init__(self):
        self.ended = threading.Event()

    def __call__(self, connection):
        connection.read()
        connection.wait_end()
        self.ended.set()
        return False


class late:
    """Reads the request and responds when `go` is set."""

    def __init__(self, data=None):
        self.go = threading.Event()
        self.data = data

    def __call__(self, connection):
        request = connection.read()
        self.go.wait(SAFETY_SECONDS)
        try:
            connection.send(self.data or created(request))
        except (ConnectionError, ssl.SSLError):
            return False  # the caller did not wait
        return True


class Upstream:
    """Connections that are idle for `idle_seconds` are closed, as a load balancer does."""

    def __init__(self, certificate, tls_most=None, host="127.0.0.1", name="localhost", idle_seconds=SAFETY_SECONDS):
        self.certificate = certificate
        self.context = server_context(certificate, tls_most)
        self.idle_seconds = idle_seconds
        self.listener = socket.create_server((host, 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.authority = f"{name}:{self.port}"
        self.url = f"https://{self.authority}"
        self.steps, self.greetings = [], []
        self.requests, self.connections, self.faults = [], 0, []
        self.always = None
        self.changed = threading.Condition()
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def script(self, *steps):
        """Adds steps; each request that arrives takes the next one."""
        with self.changed:
            self.steps += steps

    def greet(self, *greetings):
        """Adds functions of the connection that run once it is accepted, before TLS; one that returns
        false has dealt with the connection."""
        self.greetings += greetings

    def wait_requests(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, SAFETY_SECONDS), \
                f"{len(self.requests)} of {count} requests arrived; faults: {self.faults}"
            return self.requests

    def check(self):
        """Fails when anything unexpected arrived or a step was never reached."""
        assert not self.faults, self.faults
        assert not self.steps, f"{len(self.steps)} steps of the script were never reached"

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # closing alone leaves it open while a thread accepts
        self.listener.close()
        for connection in self.open:
            connection.interrupt()

    def note(self, request):
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(SAFETY_SECONDS)
            connection = Connection(self, plain)
            self.connections += 1
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.greetings and not self.greetings.pop(0)(connection):
                return
            connection.handshake()
            while connection.wait_readable():
                if not self.next_step()(connection):
                    break
        except Unexpected as fault:
            self.faults.append(str(fault))
        except OSError:
            pass  # the peer may close at any time; a step checks it where it matters
        finally:
            connection.close()

    def next_step(self):
        with self.changed:
            if self.steps:
                return self.steps.pop(0)
        if self.always:
            return self.always
        raise Unexpected("a request that the script does not expect")


def server_context(certificate, tls_most):
    """Speaks old TLS too, so that a test finds a sidecar which accepts it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        if tls_most:
            context.maximum_version = tls_most
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context
