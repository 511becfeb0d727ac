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


def unidentified(directory):
    """Flags that keep openssl from adding its default extensions, which identify keys."""
    settings = directory / "openssl.cnf"
    settings.write_text("[req]\ndistinguished_name = name\n[name]\n")
    extensions = ["basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=none", "authorityKeyIdentifier=none"]
    return ["-config", settings, *(word for extension in extensions for word in ("-addext", extension))]


def make_certificate(directory, name="localhost", alternatives=ALTERNATIVES, authority=None, key_identifiers=True):
    """Makes a certificate that is signed by `authority`, another certificate of this kind, or by itself."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    signed_by = ["-CA", authority.certificate, "-CAkey", authority.key] if authority else []
    plain = [] if key_identifiers else unidentified(directory)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", *signed_by, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}",
         *plain,
         "-out", made.certificate, "-keyout", made.key],
        check=True, capture_output=True)
    return made
