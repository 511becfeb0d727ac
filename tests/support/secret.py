# SPDX-License-Identifier: MIT
"""A token file, as a person writes it or as kubelet mounts a Secret."""
import os
import pathlib

TOKEN = "MIIEtoken-" + "0123456789abcdef" * 8 + "-tail"


class TokenFile:
    """A plain file, written in place."""

    def __init__(self, path, token=TOKEN):
        self.path = pathlib.Path(path)
        if token is not None:
            self.write(token)

    def write(self, token):
        self.path.write_bytes(token if isinstance(token, bytes) else token.encode())

    def remove(self):
        self.path.unlink()


class MountedSecret:
    """kubelet's layout: token → ..data/token, ..data → a timestamped folder that a swap replaces. `group`: the only one that may
    read, as a pod's fsGroup is."""

    def __init__(self, directory, token=TOKEN, group=None):
        self.directory = pathlib.Path(directory)
        self.group = group
        self.directory.mkdir()
        self.path = self.directory / "token"
        self.generation = 0
        self.write(token)
        self.path.symlink_to("..data/token")

    def write(self, token):
        self.generation += 1
        folder = self.directory / f"..2026_01_31_12_34_56.{self.generation:09}"
        folder.mkdir()
        (folder / "token").write_text(token)
        if self.group is not None:
            os.chown(folder / "token", -1, self.group)
            (folder / "token").chmod(0o440)
        fresh, data = self.directory / "..data_tmp", self.directory / "..data"
        old = data.resolve() if data.exists() else None
        fresh.symlink_to(folder.name)
        os.replace(fresh, data)
        if old:
            (old / "token").unlink()
            old.rmdir()
