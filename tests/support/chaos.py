# SPDX-License-Identifier: MIT
"""An upstream that stores groups and fails: it resets, hangs, truncates, throttles and restarts, by a seeded draw."""
import asyncio
import json
import random
import socket
import ssl
import struct
import threading
import time
import urllib.parse

CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
NO_RESPONSE = {
    "busy": BUSY.replace(b"Content", b"x-envoy-overloaded: true\r\nContent"), "busy list": BUSY,
    "throttled": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "gave up waiting": b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
    "refused list": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
}
LATE_SECONDS = 0.6

# Faults of a connection, a change (create, update, delete) and a list, each with its number per thousand; all else succeeds.
TO_CONNECTIONS = {"reset after accepting": 60, "reset within the handshake": 60}
TO_CHANGES = {
    "reset before reading": 10, "reset within the request": 10, "reset before the change": 15, "reset after the change": 15,
    "cut answer": 10, "late answer": 10, "gave up waiting": 10, "busy": 15, "throttled": 3,
    "lost behind a proxy": 15,
}
TO_LISTS = {"reset before listing": 60, "cut list": 60, "busy list": 60, "refused list": 60}


class Chaos:
    """`groups` has the groups by name. A second create of a name is refused, as APIG does, and its name goes to `repeated`.
    After a gateway timeout the change is made later, unless the upstream restarts before; the name of a group that is created
    so goes to `late`. `missed` counts updates and deletes of groups that do not exist. Without a seed the only fault is the one that `always` names."""

    def __init__(self, certificate, seed, port=0):
        self.certificate = certificate
        self.random = random.Random(seed) if seed is not None else None
        self.always = None
        self.may_response = asyncio.Event()
        self.may_response.set()
        self.groups, self.repeated, self.late, self.requests, self.misfortunes = {}, [], set(), 0, {}
        self.made, self.missed = 0, 0
        self.writers, self.pending, self.restarts = set(), set(), 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.certificate, certificate.key)
        self.port = port
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(30)

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.listen())
        started.set()
        self.loop.run_forever()

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, reuse_address=True, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]

    async def interrupt(self):
        self.server.close()
        self.restarts += 1
        for task in self.pending:
            task.cancel()
        for writer in list(self.writers):
            if writer.transport:
                writer.transport.abort()
        await asyncio.sleep(0.05)
        while not await self.listens_again():  # an outgoing connection may have taken the port
            await asyncio.sleep(0.05)

    async def listens_again(self):
        try:
            await self.listen()
        except OSError:
            return False
        return True

    def restart(self):
        """Stops listening, resets all connections and listens again."""
        asyncio.run_coroutine_threadsafe(self.interrupt(), self.loop).result(30)

    def hold(self):
        """From now on creates are carried out without a response, until release()."""
        self.loop.call_soon_threadsafe(self.may_response.clear)

    def release(self):
        self.loop.call_soon_threadsafe(self.may_response.set)

    def settle(self):
        """Waits for the groups that are still to be created."""
        async def created():
            await asyncio.gather(*self.pending, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(created(), self.loop).result(30)

    def draw(self, shares):
        if not self.random:
            return self.always if self.always in shares else None
        drawn = self.random.randrange(1000)
        for name, share in shares.items():
            if drawn < share:
                self.misfortunes[name] = self.misfortunes.get(name, 0) + 1
                return name
            drawn -= share
        return None

    async def serve(self, reader, writer):
        self.writers.add(writer)
        plain, begun = writer.transport, self.restarts
        # The connection is reset in every case.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            if await self.accept(reader, writer):
                while await self.exchange(begun, reader, writer):
                    pass
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self.writers.discard(writer)
            (writer.transport or plain).abort()

    async def accept(self, reader, writer):
        """False when the connection ends before a request."""
        misfortune = self.draw(TO_CONNECTIONS)
        if misfortune == "reset within the handshake":
            await reader.read(16)
        if misfortune:
            return False
        try:
            await writer.start_tls(self.context)
        except AttributeError:  # Python 3.11 raises this for a peer that has closed
            return False
        return True

    def create(self, name):
        if name.startswith("refused"):
            body = b'{"error_code":"APIG.2011","error_msg":"Invalid parameter value,parameterName:name."}'
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        if name in self.groups:
            self.repeated.append(name)
            body = b'{"error_code":"APIG.3201","error_msg":"The API group name already exists"}'
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        seconds, nanos = divmod(time.time_ns(), 10**9)
        self.made += 1
        self.groups[name] = {"id": f"{self.made:032x}", "name": name, "register_time":
                             time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanos:09}Z"}
        body = json.dumps(self.groups[name]).encode()
        return CREATED % (len(body), body)

    def change(self, method, target, name):
        """Makes the change that a request asks for, and returns the response."""
        if method == b"POST":
            return self.create(name)
        old = next((each for each, group in self.groups.items() if target.endswith(b"/" + group["id"].encode())), None)
        if old is None:
            self.missed += 1
            body = b'{"error_code":"APIG.3001","error_msg":"The API group does not exist"}'
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        group = self.groups.pop(old)
        if method == b"DELETE":
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        self.groups[name] = {**group, "name": name}
        body = json.dumps(self.groups[name]).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def list(self, target):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        found = [self.groups[name] for name in asked["name"] if name in self.groups]
        body = json.dumps({"size": len(found), "total": len(found), "groups": found}).encode()
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return b"HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s" % (date.encode(), len(body), body)

    async def change_later(self, method, target, name):
        await asyncio.sleep(LATE_SECONDS)
        self.change(method, target, name)

    async def response_change(self, misfortune, head, reader):
        """Returns the bytes of the response; none reset the connection."""
        if misfortune == "reset before reading":
            return b""
        if misfortune == "reset within the request":
            await reader.readexactly(1)
            return b""
        method, target, _ = head.split(b" ", 2)
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        name = json.loads(await reader.readexactly(length))["name"] if length else None
        self.requests += 1
        if misfortune == "gave up waiting":
            if method == b"POST":
                self.late.add(name)
            self.pending.add(self.loop.create_task(self.change_later(method, target, name)))
        if misfortune in NO_RESPONSE:
            return NO_RESPONSE[misfortune]
        if misfortune == "reset before the change":
            return b""
        response = self.change(method, target, name)
        await self.may_response.wait()
        if misfortune == "reset after the change":
            return b""
        if misfortune == "lost behind a proxy":
            return BUSY
        if misfortune == "late answer":
            await asyncio.sleep(LATE_SECONDS)
        return response

    async def exchange(self, begun, reader, writer):
        """Serves one request of a connection that was accepted after `begun` restarts; false when the connection is not used again."""
        head = await reader.readuntil(b"\r\n\r\n")
        if begun != self.restarts:  # bytes that have come by then are not read
            return False
        method, target, _ = head.split(b" ", 2)
        if method == b"GET":
            misfortune = self.draw(TO_LISTS)
            response = NO_RESPONSE.get(misfortune, b"" if misfortune == "reset before listing" else self.list(target.decode()))
        else:
            misfortune = self.draw(TO_CHANGES)
            response = await self.response_change(misfortune, head, reader)
        if misfortune in ("cut answer", "cut list"):
            response = response[:len(response) // 2]
        writer.write(response)
        await writer.drain()
        return bool(response) and misfortune not in ("cut answer", "cut list")

    async def end(self):
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def close(self):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
