# SPDX-License-Identifier: MIT
"""Values of a running process from the kernel; a test without the permission to read them is skipped."""
import os

import pytest

MEMORY_OF_THE_KERNEL = ("[vvar]", "[vsyscall]")
MEMORY_OF_A_SANITIZER = 1 << 30  # a larger mapping belongs to a sanitizer


def looking(what):
    """Calls a function, and skips the test if the system denies permission."""
    try:
        return what()
    except PermissionError as forbidden:
        pytest.skip(f"the process lets nobody but root look into it: {forbidden}")


def descriptors(process):
    return looking(lambda: len(os.listdir(f"/proc/{process.pid}/fd")))


def status(process, name):
    """Returns a number of /proc/PID/status: "VmRSS" and "VmHWM" in KiB, "Threads"."""
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"no {name}")


def limit(process, name):
    """Returns the soft and hard limit of that name, as /proc/PID/limits writes them."""
    for line in open(f"/proc/{process.pid}/limits"):
        if line.startswith(name):
            return tuple(line[len(name):].split()[:2])
    raise AssertionError(f"no {name}")


def mappings(process):
    """Returns all readable memory, one bytes object for each mapping."""
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
                pass  # the mapping is gone, or its file is shorter
