# SPDX-License-Identifier: MIT
"""
A pod without Kubernetes. Its containers share a network namespace, which a veth pair connects to the node's namespace, where
the calling process moves. bwrap runs the containers without privileges on read-only roots; volumes are laid out as kubelet
does. Needs root.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from support.cable import FAR as POD, NEAR as NODE, Cable

GROUP = 65532  # the pod's fsGroup


class Pod:
    """`directory` has what is mounted: etc/hosts and etc/resolv.conf, run, an emptyDir, and what a test adds."""

    def __init__(self):
        self.cable = Cable()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pod."))
        self.directory.chmod(0o755)
        self.processes = []
        try:
            self.make_volumes()
            self.run(GROUP, {"/": "/"}, {}, ["true"])  # fails here where containers are not permitted
        except BaseException:
            self.close()
            raise

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
            *self.cable.far,
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
        for process in self.processes:
            process.kill()
            process.wait()
        self.cable.close()
        shutil.rmtree(self.directory)
