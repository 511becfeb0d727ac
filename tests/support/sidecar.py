# SPDX-License-Identifier: MIT
"""The program, started and stopped by a test, with its log."""
import http.client
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import threading

from support.client import Client
from support.secret import TOKEN, repeated

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("APIG_SIDECAR_BINARY", ROOT / "build/release/apig-sidecar")).resolve()
WRAPPER = shlex.split(os.environ.get("APIG_SIDECAR_WRAPPER", ""))  # "valgrind …", for instance
SECONDS = 60  # limit of every wait of a test


def environment(**more):
    """Returns the environment of the program, without options of the sidecar and without proxies."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("APIG_SIDECAR_") and "proxy" not in name.lower()}
    return {**kept, **more}


def run(*arguments, seconds=SECONDS, wrapped=True, **more):
    """Runs a command of the program to its end; .returncode, .stdout, .stderr."""
    return subprocess.run([*(WRAPPER if wrapped else []), BINARY, *arguments], capture_output=True, text=True,
                          timeout=seconds, env=environment(**more.pop("variables", {})), **more)


def free_port():
    """Returns a free port of loopback, for a program that must use the same port after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as picked:
        return picked.getsockname()[1]


class Sidecar:
    def __init__(self, upstream=None, token_file=None, listen="127.0.0.1:0", options=(), variables=(), prefix=()):
        """`options` are flags, added last; `prefix` is a command that runs it. The program is started; ready() waits for it."""
        command = [*prefix, *WRAPPER, BINARY, "serve", f"--listen={listen}", "--monitor=127.0.0.1:0", "--admin=127.0.0.1:0",
                   "--log-format=json"]
        if upstream:
            command += [f"--upstream={upstream.url}", f"--upstream-ca-file={upstream.certificate.certificate}"]
        if token_file:
            command.append(f"--token-file={token_file}")
        self.begin([*command, *options], environment(**dict(variables)))

    def begin(self, command, variables, start=subprocess.Popen):
        """Starts the command, and reads its log as it comes."""
        self.secrets = {TOKEN}
        self.lines, self.noise = [], []  # log lines as dicts; anything else on stderr
        self.changed = threading.Condition()
        self.clients = []
        self.signalled = False
        self.process = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             env=variables)
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()

    def read_log(self):
        for raw in self.process.stderr:
            try:
                line = json.loads(raw)
            except ValueError:
                line = None
            with self.changed:
                if isinstance(line, dict):
                    self.lines.append(line)
                else:
                    self.noise.append(raw.decode("utf-8", "replace"))
                self.changed.notify_all()
        with self.changed:
            self.process.wait()
            self.changed.notify_all()

    def wait_log(self, count=1, since=0, **members):
        """The first `count` log lines behind `since` with those members; fails when the program ends
        without them."""
        def found():
            return [line for line in self.lines[since:]
                    if all(line.get(name) == value for name, value in members.items())]
        with self.changed:
            self.changed.wait_for(lambda: len(found()) >= count or self.process.returncode is not None, SECONDS)
            lines = found()
        assert len(lines) >= count, f"no log line with {members}; log: {self.lines}, and {self.noise}"
        return lines[:count]

    def ask(self, path, method="GET", body=None, port="admin"):
        """(HTTP status, body) of a request to the admin or the monitor port."""
        host, _, number = self.wait_log(event=f"{port} listening")[0]["address"].rpartition(":")
        connection = http.client.HTTPConnection(host, int(number), timeout=SECONDS)
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def ready(self):
        self.address = self.wait_log(event="listening")[0]["address"]
        return self

    def client(self, **more):
        made = Client(self.address, **more)
        self.clients.append(made)
        return made

    def signal(self, number=signal.SIGTERM):
        self.signalled = True
        self.process.send_signal(number)

    def wait(self):
        """Returns the exit code. Fails when stderr has a secret or anything but log lines."""
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        assert not self.noise, "".join(self.noise)
        for line in self.lines:
            text = json.dumps(line, ensure_ascii=False)
            assert not [secret for secret in self.secrets if repeated(secret, text)], line
        return code

    def stop(self):
        """Stops the program as Kubernetes does, and checks that it ends with 0. A second signal would end a drain."""
        for client in self.clients:
            client.close()
        if self.process.poll() is None and not self.signalled:
            self.signal()
        code = self.wait()
        assert code == 0, f"exit code {code}; log: {self.lines[-5:]}"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
