# SPDX-License-Identifier: MIT
"""What the kernel tells about a running process; where only root may look, the test says that it was skipped."""
import os

import pytest

MEMORY_OF_THE_KERNEL = ("[vvar]", "[vsyscall]")
MEMORY_OF_A_SANITIZER = 1 << 30  # whatever is larger


def looking(what):
    """Calls it, and skips the test where the system forbids to look."""
    try:
        return what()
    except PermissionError as forbidden:
        pytest.skip(f"the process lets nobody but root look into it: {forbidden}")


def descriptors(process):
    return looking(lambda: len(os.listdir(f"/proc/{process.pid}/fd")))


def status(process, name):
    """A number of /proc/PID/status: "VmRSS" and "VmHWM" in KiB, "Threads"."""
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"no {name}")


def limit(process, name):
    """The soft and hard limit of that name, as /proc/PID/limits writes them."""
    for line in open(f"/proc/{process.pid}/limits"):
        if line.startswith(name):
            return tuple(line[len(name):].split()[:2])
    raise AssertionError(f"no {name}")


def mappings(process):
    """All memory that can be read, one bytes object for each mapping."""
    with looking(lambda: open(f"/proc/{process.pid}/mem", "rb", 0)) as memory:
        for line in open(f"/proc/{process.pid}/maps"):
            span, access, *_ = line.split()
            if "r" not in access or line.rstrip().endswith(MEMORY_OF_THE_KERNEL):
                continue
            begin, end = (int(at, 16) for at in span.split("-"))
            if end - begin > MEMORY_OF_A_SANITIZER:
                continue
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:
                pass  # a mapping that has gone, or a file's that is shorter
