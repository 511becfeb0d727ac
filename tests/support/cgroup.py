# SPDX-License-Identifier: MIT
"""A limit of memory for a program, by a control group of either version where the machine allows it."""
import contextlib
import os
import pathlib
import re
import warnings

from support.toolchain import ROOT

MOUNTED = pathlib.Path("/sys/fs/cgroup")
VERSIONS = [(MOUNTED / "memory", "memory.limit_in_bytes"), (MOUNTED, "memory.max")]  # where the groups are, and the file of the limit


def manifest_limit():
    """Returns the memory limit of the sidecar's container, in bytes."""
    return int(re.search(r"limits: \{ memory: (\d+)Mi \}", (ROOT / "deploy/base/sidecar.yaml").read_text())[1]) << 20


def make_group(name, count):
    """Returns the folder of a new group with that limit; None where no version allows it."""
    for parent, limit in VERSIONS:
        made = parent / name
        try:
            made.mkdir()
        except OSError:
            continue
        try:
            (made / limit).write_text(str(count))
            return made
        except OSError:
            made.rmdir()
    return None


@contextlib.contextmanager
def limited(count, name):
    """A command that runs another within that number of bytes; an empty one, and a warning, where groups are not allowed."""
    group = make_group(f"apig-sidecar-test-{os.getpid()}-{name}", count)
    if not group:
        warnings.warn(f"no control group for memory here: the limit of {count} bytes is not in force, only measured")
        yield []
        return
    try:
        yield ["sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        group.rmdir()
