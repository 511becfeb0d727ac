# SPDX-License-Identifier: MIT
"""An upstream that keeps groups and breaks: it resets, hangs, truncates, throttles and restarts, by a seeded draw."""
import asyncio
import json
import random
import ssl
import threading
import time
import urllib.parse

CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
THROTTLED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
LATE_SECONDS = 0.6

# What may happen to a request, and how often in a thousand; everything else is answered.
MISFORTUNES = {
    "reset before reading": 10, "reset before creating": 15, "reset after creating": 15, "cut answer": 10,
    "late answer": 10, "busy": 20, "throttled": 10,
}


class Chaos:
    """`groups` has what was created, by name: a second create of a name is refused, as APIG does, and its name goes to `repeated`,
    also when the caller never hears of it. Lists are always answered. Without a seed nothing breaks."""

    def __init__(self, certificate, seed):
        self.certificate = certificate
        self.random = random.Random(seed) if seed is not None else None
        self.groups, self.repeated, self.requests, self.misfortunes = {}, [], 0, {}
        self.writers = set()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.certificate, certificate.key)
        self.port = 0
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
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=self.context, reuse_address=True,
                                                 backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]

    async def interrupt(self):
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        await asyncio.sleep(0.05)
        await self.listen()

    def restart(self):
        """Stops listening, resets all connections and listens again."""
        asyncio.run_coroutine_threadsafe(self.interrupt(), self.loop).result(30)

    def draw(self):
        if not self.random:
            return None
        drawn = self.random.randrange(1000)
        for name, share in MISFORTUNES.items():
            if drawn < share:
                self.misfortunes[name] = self.misfortunes.get(name, 0) + 1
                return name
            drawn -= share
        return None

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    def create(self, name):
        if name in self.groups:
            self.repeated.append(name)
            body = b'{"error_code":"APIG.3201","error_msg":"The API group name already exists"}'
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        seconds, nanos = divmod(time.time_ns(), 10**9)
        self.groups[name] = {"id": f"{len(self.groups):032x}", "name": name, "register_time":
                             time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanos:09}Z"}
        body = json.dumps(self.groups[name]).encode()
        return CREATED % (len(body), body)

    def list(self, target):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        found = [self.groups[name] for name in asked["name"] if name in self.groups]
        body = json.dumps({"size": len(found), "total": len(found), "groups": found}).encode()
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return b"HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s" % (date.encode(), len(body), body)

    async def exchange(self, reader, writer):
        """One request; false when the connection is not used again."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        if method == b"GET":
            writer.write(self.list(target.decode()))
            await writer.drain()
            return True
        misfortune = self.draw()
        if misfortune == "reset before reading":
            return False
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        body = await reader.readexactly(length)
        self.requests += 1
        if misfortune == "reset before creating":
            return False
        if misfortune in ("busy", "throttled"):
            writer.write(BUSY if misfortune == "busy" else THROTTLED)
            await writer.drain()
            return True
        answer = self.create(json.loads(body)["name"])
        if misfortune == "reset after creating":
            return False
        if misfortune == "late answer":
            await asyncio.sleep(LATE_SECONDS)
        writer.write(answer[:len(answer) // 2] if misfortune == "cut answer" else answer)
        await writer.drain()
        return misfortune != "cut answer"

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
