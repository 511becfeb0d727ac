# SPDX-License-Identifier: MIT
"""A DNS server with one name and its IPv4 address."""
import socket
import struct
import threading

A, IN = 1, 1
RESPONSE, REFUSED = 0x8180, 0x8185  # a recursive server's, without and with an error


class NameServer:
    """`asked` has the names in the queries."""

    def __init__(self, host, name, address):
        self.known, self.address, self.asked = name, address, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(512)
            if not query:
                return
            self.socket.sendto(self.response(query), peer)

    def response(self, query):
        name, position = [], 12
        while length := query[position]:
            name.append(query[position + 1:position + 1 + length].decode())
            position += 1 + length
        question = query[12:position + 5]
        kind, = struct.unpack_from("!H", query, position + 1)
        self.asked.append(".".join(name))
        known = self.asked[-1] == self.known
        record = struct.pack("!HHHIH4s", 0xc00c, A, IN, 1, 4, socket.inet_aton(self.address)) if known and kind == A else b""
        return query[:2] + struct.pack("!HHHHH", RESPONSE if known else REFUSED, 1, len(record) and 1, 0, 0) + question + record

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self.socket.getsockname())
