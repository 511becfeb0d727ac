# SPDX-License-Identifier: MIT
"""An upstream that creates groups, and at some moments sends one response more than there are requests: a copy of the last
response that any connection got."""
import asyncio
import json
import random
import ssl
import threading

CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
# When the response too many is sent, and how often in a thousand requests; at all other times nothing is wrong.
MOMENTS = {"before the request": 40, "before the response": 40, "with the response": 40, "after the response": 120}
LATEST_SECONDS = 0.003  # after the response


class OneTooMany:
    """`groups` has the id of each group by its name; `sent` counts responses too many by their moment."""

    def __init__(self, certificate, seed):
        self.certificate = certificate
        self.random = random.Random(seed)
        self.groups, self.sent, self.last = {}, dict.fromkeys(MOMENTS, 0), None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.certificate, certificate.key)
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
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.context, backlog=512))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    def close(self):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)

    async def end(self):
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def serve(self, reader, writer):
        try:
            if self.random.random() < MOMENTS["before the request"] / 1000:
                self.send_again(writer, "before the request")
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self.respond(reader, writer, head)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the sidecar has closed the connection, or the test is over
        finally:
            writer.close()

    async def respond(self, reader, writer, head):
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        name = json.loads(await reader.readexactly(length))["name"]
        moment, = self.random.choices([*MOMENTS, None], [*MOMENTS.values(), 1000 - sum(MOMENTS.values())])
        if moment == "before the response":
            self.send_again(writer, moment)
        await asyncio.sleep(self.random.random() * LATEST_SECONDS)
        group = self.groups.setdefault(name, f"{len(self.groups):032x}")
        body = json.dumps({"id": group, "name": name}).encode()
        response = CREATED % (len(body), body)
        writer.write(response * (2 if moment == "with the response" else 1))
        self.last = response
        if moment == "with the response":
            self.sent[moment] += 1
        if moment == "after the response":
            self.loop.call_later(self.random.random() * LATEST_SECONDS, self.send_again, writer, moment)

    def send_again(self, writer, moment):
        if self.last and not writer.is_closing():
            writer.write(self.last)
            self.sent[moment] += 1
