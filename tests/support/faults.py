# SPDX-License-Identifier: MIT
"""
A simulated APIG that stands behind a proxy and fails on purpose. Each site is a gateway instance with a fault of its own: its
creates meet the fault, all of them or only the first one, and its look-ups succeed.
"""
import asyncio
import collections
import json
import socket
import ssl
import struct
import threading
import urllib.parse
from dataclasses import dataclass, field
from email.utils import formatdate
from time import gmtime, strftime, time
from typing import Callable

from support.client import IDS

SERVERS = 2  # of each site, so that a proxy can fail over to another one
SAFETY_SECONDS = 30


@dataclass(frozen=True)
class Fault:
    """A create is carried out when its request is read whole."""
    reads: str = "all"  # of the request: "nothing", "head" or "all"
    says: Callable[[bytes], bytes] = lambda response: b""  # in place of the response
    ends: str = "close"  # how the connection ends: "close", "reset" or "never"
    listening: int = SERVERS  # servers that accept connections; the others refuse them
    reused: bool = False  # it happens only on a connection that has carried an exchange before


@dataclass
class Site:
    """`created` counts by name the creates that were carried out; a fault that is not `lasting` strikes once."""
    number: int
    fault: Fault
    lasting: bool
    ports: list = field(default_factory=list)
    created: collections.Counter = field(default_factory=collections.Counter)
    struck: int = 0

    @property
    def ids(self):
        return {**IDS, "instance_id": f"{self.number:032x}"}

    @property
    def path(self):
        return "/v2/{project_id}/apigw/instances/{instance_id}/".format(**self.ids)

    def strikes(self):
        happens = self.lasting or not self.struck
        self.struck += happens
        return happens

    def create(self, body):
        name = json.loads(body)["name"]
        self.created[name] += 1
        return response(201, group(name))

    def list(self, target):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        found = [group(name) for name in asked["name"] if self.created[name]]
        return response(200, {"size": len(found), "total": len(found), "groups": found})


def group(name):
    return {"id": name.encode().hex(), "name": name, "status": 1,
            "register_time": strftime("%Y-%m-%dT%H:%M:%S", gmtime(time() + 1)) + ".5Z"}


def response(status, body):
    content = json.dumps(body).encode()
    return (b"HTTP/1.1 %d Reason\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, formatdate(usegmt=True).encode(), len(content), content))


class Backends:
    """The servers of all sites, on one thread; with a certificate they speak TLS."""

    def __init__(self, sites, certificate=None):
        self.refusing, self.context = [], None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.certificate, certificate.key)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.run(self.listen(sites))

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(SAFETY_SECONDS)

    async def listen(self, sites):
        for site in sites:
            bound = [socket.socket() for _ in range(SERVERS)]
            for each in bound:
                each.bind(("127.0.0.1", 0))
            site.ports = [each.getsockname()[1] for each in bound]
            for each in bound[:site.fault.listening]:
                await asyncio.start_server(lambda *streams, site=site: serve(site, *streams), sock=each, ssl=self.context)
            self.refusing += bound[site.fault.listening:]  # a bound port that does not listen

    async def end(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def close(self):
        self.run(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(SAFETY_SECONDS)
        for each in self.refusing:
            each.close()


async def serve(site, reader, writer):
    fault, served = site.fault, 0
    try:
        if fault.reads != "nothing" or fault.reused or not site.strikes():
            while await exchange(site, served, reader, writer):
                served += 1
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass  # the proxy may leave at any time
    finally:
        end(writer, fault.ends)


async def exchange(site, served, reader, writer):
    """One request on a connection that has carried `served` others; false when the connection is to be ended."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.decode().split(" ", 2)
    if method == "GET":
        return await send(writer, site.list(target))
    fault = site.fault
    struck = (served or not fault.reused) and site.strikes()
    if struck and fault.reads != "all":
        return False
    response = site.create(await reader.readexactly(length(head)))
    await send(writer, fault.says(response) if struck else response)
    if struck and fault.ends == "never":
        await reader.read()
    return not struck


def length(head):
    return next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))


async def send(writer, response):
    writer.write(response)
    await writer.drain()
    return True


def end(writer, how):
    if how == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    writer.close()
