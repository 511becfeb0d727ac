# SPDX-License-Identifier: MIT
"""gapic-showcase, the server with which Google tests clients: gRPC and REST on one port, and a TLS front for its REST."""
import http.client
import http.server
import os
import pathlib
import ssl
import subprocess
import threading

import grpc
import pytest
from google.protobuf import descriptor_pb2

from support import api
from support.sidecar import SECONDS, environment, free_port
from support.toolchain import ROOT, SECONDS as BUILD_SECONDS, go, newer, run

MODULE = "github.com/googleapis/gapic-showcase"
PACKAGE = "google.showcase.v1beta1"
SERVICES = [f"{PACKAGE}.{name}" for name in ("Compliance", "Echo", "Identity", "Messaging")]
# The option apig_sidecar.json with all of its parts, as FileOptions have it: the REST server wants lowerCamelCase.
JSON_STYLE = b"\xf2\xbf\x18\x06\x08\x01\x10\x01\x18\x01"


def source():
    """Returns a folder with the source: SHOWCASE_SOURCE, or the latest version of the module; skips without it."""
    newer("Go", run(go(), "version"), (1, 25))
    given = os.environ.get("SHOWCASE_SOURCE")
    if given:
        return pathlib.Path(given)
    variables = {**os.environ, "GOFLAGS": "-mod=mod"}
    listed = subprocess.run([go(), "list", "-m", "-f", "{{.Version}}", f"{MODULE}@latest"], capture_output=True, text=True,
                            timeout=BUILD_SECONDS, env=variables)
    if listed.returncode:
        pytest.skip(f"{MODULE} cannot be downloaded here, and SHOWCASE_SOURCE names no folder with it")
    version = listed.stdout.strip()
    return pathlib.Path(run(go(), "mod", "download", "-json", f"{MODULE}@{version}", env=variables).split('"Dir": "')[1].split('"')[0])


def build(folder):
    """Returns the command, built from the source."""
    command = ROOT / "build/showcase/gapic-showcase"
    command.parent.mkdir(parents=True, exist_ok=True)
    run(go(), "build", "-o", command, "./cmd/gapic-showcase", cwd=folder, env={**os.environ, "CGO_ENABLED": "0"})
    return command


class Showcase:
    def __init__(self, command):
        self.port = free_port()
        self.process = subprocess.Popen([command, "run", "--port", f":{self.port}"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        grpc.channel_ready_future(self.channel).result(SECONDS)

    def descriptor_set(self):
        """Returns the set of the services and all that they import, asked by reflection, with the style of their JSON and
        without fields that hold google.protobuf.Any."""
        files, missing = {}, [{"file_containing_symbol": name} for name in SERVICES]
        while missing:
            for file in self.reflect(missing):
                files[file.name] = file
            wanted = {name for file in files.values() for name in file.dependency}
            missing = [{"file_by_filename": name} for name in sorted(wanted - files.keys())]
        for file in files.values():
            if file.package == PACKAGE:
                file.options.MergeFromString(JSON_STYLE)
                drop_statuses(file)
        made, done = descriptor_pb2.FileDescriptorSet(), set()
        for name in sorted(files):
            add(files, name, done, made)
        return made

    def reflect(self, asked):
        """Returns the files that the server answers with."""
        request, response = (api.message(f"grpc.reflection.v1.ServerReflection{end}") for end in ("Request", "Response"))
        ask = self.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                         request_serializer=request.SerializeToString, response_deserializer=response.FromString)
        replies = list(ask((request(**one) for one in asked), timeout=SECONDS))
        return [descriptor_pb2.FileDescriptorProto.FromString(file) for reply in replies
                for file in reply.file_descriptor_response.file_descriptor_proto]

    def close(self):
        self.channel.close()
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        finally:
            self.process.kill()


def drop_statuses(file):
    """Removes the fields of google.rpc.Status, which has details of any type."""
    for message in file.message_type:
        kept = [field for field in message.field if field.type_name != ".google.rpc.Status"]
        del message.field[:]
        message.field.extend(kept)


def add(files, name, done, made):
    """Adds a file to the set, behind what it imports."""
    if name not in done:
        done.add(name)
        for imported in files[name].dependency:
            add(files, imported, done, made)
        made.file.append(files[name])


class Front:
    """TLS in front of the REST server. It adds the header by which that knows a client of its kind."""

    def __init__(self, certificate, port):
        self.certificate = certificate
        self.requests = requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def relay(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                requests.append((self.command, self.path))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "x-auth-token")}
                backend = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
                backend.request(self.command, self.path, body or None, {**headers, "X-Goog-Api-Client": "rest/1 gapic/1"})
                response = backend.getresponse()
                content = response.read()
                backend.close()
                self.send_response(response.status)
                self.send_header("Content-Type", response.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
