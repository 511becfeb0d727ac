# SPDX-License-Identifier: MIT
"""Two network namespaces joined by a cable: a new one for the calling thread, and a far one for programs. Needs root."""
import ctypes
import os
import subprocess

NEAR, FAR = "192.0.2.1", "192.0.2.2"  # of a network that is nowhere else (RFC 5737)
NOBODY = "02:00:00:00:00:01"  # an address of Ethernet that neither end has
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_up(device, address, prefix=()):
    for settings in (["address", "add", f"{address}/24", "dev", device], ["link", "set", device, "up"],
                     ["link", "set", "lo", "up"]):
        subprocess.run([*prefix, "ip", *settings], check=True)


class Cable:
    """Threads and processes that the calling thread starts are at the near end; `far` is the prefix of a command that is
    to run at the other one."""

    def __init__(self):
        self.outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.holder = None
        checked(LIBC.unshare(CLONE_NEWNET))
        try:
            self.connect()
        except BaseException:
            self.close()
            raise

    def connect(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.far = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        subprocess.run(["ip", "link", "add", "cable", "type", "veth", "peer", "name", "eth0", "netns", str(self.holder.pid)],
                       check=True)
        set_up("cable", NEAR)
        set_up("eth0", FAR, self.far)

    def cut(self):
        """From now on nothing that the far end sends arrives, and nobody says so."""
        subprocess.run([*self.far, "ip", "neighbour", "replace", NEAR, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent"],
                       check=True)

    def mend(self):
        subprocess.run([*self.far, "ip", "neighbour", "delete", NEAR, "dev", "eth0"], check=True)

    def close(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
        checked(LIBC.setns(self.outside, CLONE_NEWNET))
        os.close(self.outside)
