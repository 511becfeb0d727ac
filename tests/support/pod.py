# SPDX-License-Identifier: MIT
"""
A pod without Kubernetes. Its containers share a network namespace, which a veth pair connects to the node's namespace, where
the calling process moves. bwrap runs the containers without privileges on read-only roots; volumes are laid out as kubelet
does. Needs root.
"""
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

NODE, POD = "192.0.2.1", "192.0.2.2"  # of a network that is nowhere else (RFC 5737)
GROUP = 65532  # the pod's fsGroup
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_up(device, address, prefix=()):
    for settings in (["address", "add", f"{address}/24", "dev", device], ["link", "set", device, "up"],
                     ["link", "set", "lo", "up"]):
        subprocess.run([*prefix, "ip", *settings], check=True)


class Pod:
    """`directory` has what is mounted: etc/hosts and etc/resolv.conf, run, an emptyDir, and what a test adds."""

    def __init__(self):
        self.outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        checked(LIBC.unshare(CLONE_NEWNET))
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pod."))
        self.directory.chmod(0o755)
        self.processes, self.pause = [], None
        try:
            self.connect()
            self.make_volumes()
            self.run(GROUP, {"/": "/"}, {}, ["true"])  # fails here where containers are not permitted
        except BaseException:
            self.close()
            raise

    def connect(self):
        """The pause container holds the pod's network; the calling thread, and those it starts, are the node."""
        self.pause = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        self.pause.stdout.readline()
        subprocess.run(["ip", "link", "add", "cable", "type", "veth", "peer", "name", "eth0", "netns", str(self.pause.pid)],
                       check=True)
        set_up("cable", NODE)
        set_up("eth0", POD, self.enter())

    def enter(self):
        return ["nsenter", f"--net=/proc/{self.pause.pid}/ns/net"]

    def make_volumes(self):
        etc, empty = self.directory / "etc", self.directory / "run"
        etc.mkdir()
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n{POD} pod\n")
        (etc / "resolv.conf").write_text(f"nameserver {NODE}\n")
        empty.mkdir()
        os.chown(empty, 0, GROUP)
        empty.chmod(0o2777)

    def command(self, uid, mounts, variables, command):
        """`mounts`: {path inside: path outside}; one that may be written to ends in ":rw"."""
        given = [flag for name, value in variables.items() for flag in ("--setenv", name, value)]
        bound = []
        for inside, outside in mounts.items():
            bound += ["--bind" if inside.endswith(":rw") else "--ro-bind", outside, inside.removesuffix(":rw")]
        return [
            *self.enter(),
            "setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={GROUP}", "--inh-caps=-all", "--bounding-set=-all",
            "--no-new-privs",
            "bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--die-with-parent", "--new-session",
            "--clearenv", *given, *bound, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/", "--", *command]

    def run(self, uid, mounts, variables, command, **pipes):
        """Starts a container; its process, and the id of the program within, which is process 1 there."""
        made = self.command(uid, mounts, variables, command)
        told, tell = os.pipe()
        position = made.index("bwrap") + 1
        made[position:position] = ["--info-fd", str(tell)]
        process = subprocess.Popen(made, pass_fds=[tell], **pipes)
        os.close(tell)
        self.processes.append(process)
        with open(told, encoding="ascii") as file:
            info = file.read()
        if not info:
            raise OSError(f"bwrap ended with {process.wait()} and started no container")
        return process, json.loads(info)["child-pid"]

    def close(self):
        for process in [*self.processes, *filter(None, [self.pause])]:
            process.kill()
            process.wait()
        checked(LIBC.setns(self.outside, CLONE_NEWNET))
        os.close(self.outside)
        shutil.rmtree(self.directory)
