# SPDX-License-Identifier: MIT
"""An OCI archive, read; image.py FILE DIRECTORY [ARCH] unpacks its root file system."""
import functools
import json
import pathlib
import platform
import sys
import tarfile


NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())


class Image:
    """`architectures` is empty for an archive of one image, whatever its architecture is."""

    def __init__(self, path, architecture=NATIVE):
        self.path = pathlib.Path(path)
        self.archive = tarfile.open(self.path)
        [named] = self.read("index.json")["manifests"]
        self.manifest = self.read(self.blob(named))
        listed = {each["platform"]["architecture"]: each for each in self.manifest.get("manifests", [])}
        self.architectures = sorted(listed)
        if listed:
            self.manifest = self.read(self.blob(listed[architecture]))
        self.bill_path = self.path.with_name(f"{self.path.name}.{architecture}.spdx.json" if listed else f"{self.path.name}.spdx.json")
        self.config = self.read(self.blob(self.manifest["config"]))
        self.layers = self.manifest["layers"]

    def blob(self, descriptor):
        return "blobs/" + descriptor["digest"].replace(":", "/")

    def read(self, name):
        return json.load(self.archive.extractfile(name))

    @functools.cached_property
    def bill(self):
        """The bill of materials beside the image."""
        return json.loads(self.bill_path.read_bytes())

    def open_layer(self):
        """The one layer, as a tarfile."""
        [layer] = self.layers
        return tarfile.open(fileobj=self.archive.extractfile(self.blob(layer)), mode="r:gz")

    def unpack(self, directory):
        """As root, with the owners and modes of the image."""
        with self.open_layer() as layer:
            layer.extractall(directory, numeric_owner=True)


if __name__ == "__main__":
    Image(sys.argv[1], *sys.argv[3:]).unpack(sys.argv[2])
