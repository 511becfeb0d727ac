# SPDX-License-Identifier: MIT
"""TLS certificates that are made for a test, so that the repository contains no key."""
import pathlib
import subprocess
from dataclasses import dataclass

ALTERNATIVES = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Certificate:
    certificate: pathlib.Path
    key: pathlib.Path


def make_certificate(directory, name="localhost", alternatives=ALTERNATIVES, authority=None):
    """Makes a certificate that is signed by `authority`, another certificate of this kind, or by itself."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    signed_by = ["-CA", authority.certificate, "-CAkey", authority.key] if authority else []
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", *signed_by, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}",
         "-out", made.certificate, "-keyout", made.key],
        check=True, capture_output=True)
    return made
