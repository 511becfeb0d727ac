# SPDX-License-Identifier: MIT
"""An HTTP proxy that opens tunnels."""
import socket
import threading


class ConnectProxy:
    """An HTTP proxy for CONNECT; `asked` has the requested authorities. `routes`: where the tunnels of some of them end."""

    def __init__(self, routes=()):
        self.routes = dict(routes)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.asked.append(head.split()[1].decode())
            host, _, port = self.routes.get(self.asked[-1], self.asked[-1]).rpartition(":")
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def carry(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has closed

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
