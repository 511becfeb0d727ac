# SPDX-License-Identifier: MIT
"""A TLS upstream for many requests at a time, whose speed is given. It works on each request for a fixed time, throttles, or never responds."""
import asyncio
import json
import re
import ssl
import threading
import time

from support.upstream import GROUP, error, http


def throttled(limit, seconds):
    """The front gateway's response when more than `limit` requests came within its window."""
    unit, count = ("minute", seconds // 60) if seconds >= 60 else ("second", seconds)
    words = f"The throttling threshold has been reached: policy user over ratelimit,limit:{limit},time:{count} {unit}"
    return error(429, "APIGW.0308", words, request_id="9f0a")


class Window:
    """Allows `limit` requests in each window of that many seconds; the first request begins the first window."""

    def __init__(self, limit, seconds, response=None):
        self.limit, self.seconds = limit, seconds
        self.response = response or throttled(limit, seconds)
        self.began, self.count = 0, 0

    def allows(self, now):
        if now >= self.began + self.seconds:
            self.began, self.count = now, 0
        self.count += 1
        return self.count <= self.limit


class SlowUpstream:
    """Requests whose name begins with "hang" get no response. `arrived` has (time, name) of each request, `rejected` the times of those that
    were throttled, `cut` (time, name) of those whose connection ended before they had a response. It works on `places` requests at a time; the
    others wait."""

    def __init__(self, certificate, takes=0.05, window=None, places=10000):
        self.certificate, self.takes, self.window, self.places = certificate, takes, window, places
        self.arrived, self.rejected, self.cut = [], [], []
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(60)
        self.authority = f"localhost:{self.port}"
        self.url = f"https://{self.authority}"

    def run(self, ready):
        async def listen():
            self.at_work = asyncio.Semaphore(self.places)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.certificate, self.certificate.key)
            self.server = await asyncio.start_server(self.visit, "127.0.0.1", 0, ssl=context, backlog=1024)
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(listen())
        self.loop.run_forever()
        self.server.close()
        while tasks := asyncio.all_tasks(self.loop):
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    def note(self, which, entry):
        with self.changed:
            which.append(entry)
            self.changed.notify_all()

    async def visit(self, reader, writer):
        name = None
        try:
            while True:
                name = None
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1]))
                name = json.loads(body)["name"]
                self.note(self.arrived, (time.monotonic(), name))
                writer.write(await self.respond(name, reader))
        except asyncio.CancelledError:
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            if name:
                self.note(self.cut, (time.monotonic(), name))
            writer.close()

    async def respond(self, name, reader):
        if self.window and not self.window.allows(time.monotonic()):
            self.note(self.rejected, time.monotonic())
            return self.window.response
        if name.startswith("hang"):
            await reader.readexactly(1)
        async with self.at_work:
            await asyncio.sleep(self.takes)
        return http(body={**GROUP, "name": name})

    def wait(self, which, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(which) >= count, 60), f"{len(which)} of {count}"

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)
