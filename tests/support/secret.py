# SPDX-License-Identifier: MIT
"""A token file, written in place or mounted as kubelet mounts a Secret."""
import base64
import hashlib
import html
import os
import pathlib
import re
import shutil
import urllib.parse

TOKEN = "MIIEtoken-" + base64.b64encode(hashlib.sha512(b"a token").digest()).decode() + "-tail"

# As many bytes of a secret in a row betray it.
WINDOW = 24


def unescaped(text):
    """The text and what it means to those who take its escapes away."""
    texts = [text, urllib.parse.unquote(text, errors="replace"), html.unescape(text),
             re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)]
    return texts + [urllib.parse.unquote(one) for one in texts[1:]]


def repeated(secret, text):
    """The first piece of the secret that the text repeats, escaped or not; None when it does not."""
    windows = [secret[at:at + WINDOW] for at in range(max(1, len(secret) - WINDOW + 1))]
    return next((window for one in unescaped(text) for window in windows if window in one), None)


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


class Mount:
    """kubelet's layout: name → ..data/name for each file, ..data → a timestamped folder that a swap replaces. `group`: the only
    one that may read, as a pod's fsGroup is."""

    def __init__(self, directory, files, group=None):
        self.directory = pathlib.Path(directory)
        self.group = group
        self.directory.mkdir()
        self.generation = 0
        self.swap(files)
        for name in files:
            (self.directory / name).symlink_to(f"..data/{name}")

    def swap(self, files):
        """Replaces all files at once by {name: content}."""
        self.generation += 1
        folder = self.directory / f"..2026_01_31_12_34_56.{self.generation:09}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
            if self.group is not None:
                os.chown(folder / name, -1, self.group)
                (folder / name).chmod(0o440)
        fresh, data = self.directory / "..data_tmp", self.directory / "..data"
        old = data.resolve() if data.exists() else None
        fresh.symlink_to(folder.name)
        os.replace(fresh, data)
        if old:
            shutil.rmtree(old)


class MountedSecret(Mount):
    """A token that is mounted."""

    def __init__(self, directory, token=TOKEN, group=None):
        super().__init__(directory, {"token": token}, group)
        self.path = self.directory / "token"

    def write(self, token):
        self.swap({"token": token})
