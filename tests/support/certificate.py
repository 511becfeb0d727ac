# SPDX-License-Identifier: MIT
"""A TLS certificate made on the spot, so that no key is kept in the tree."""
import pathlib
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    certificate: pathlib.Path
    key: pathlib.Path


def make_certificate(directory, name="localhost", alternatives="DNS:localhost,IP:127.0.0.1"):
    """Signs a certificate by itself with the openssl command: it is its own authority."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}",
         "-out", made.certificate, "-keyout", made.key],
        check=True, capture_output=True)
    return made
