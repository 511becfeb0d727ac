# SPDX-License-Identifier: MIT
"""Does the sidecar keep RFC 9113 as h2spec checks it, but for what is listed here, and serve afterwards?"""
import subprocess
import xml.etree.ElementTree as xml

import pytest

from support.client import Client
from support.clients import BUILT
from support.toolchain import go_install
from support.upstream import response

H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@latest"  # it has no module file, so that no version can be named
LEAST, SECONDS = 130, 120

AT_ONCE = "its request is not a call of gRPC and is ended by its headers, with no DATA and before the rest comes"
OBSOLETE = "RFC 9113 section 5.3.2 deprecates priorities, and they are ignored"
FAILING = {
    "Sends a WINDOW_UPDATE frame on half-closed (remote) stream": AT_ONCE,
    "Sends a PRIORITY frame on half-closed (remote) stream": AT_ONCE,
    "Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded": AT_ONCE,
    "Sends HEADERS frame that depend on itself": OBSOLETE,
    "Sends PRIORITY frame that depend on itself": OBSOLETE,
    "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream": AT_ONCE,
    'Sends a HEADERS frame with the "content-length" header field which does not equal the DATA frame payload length': AT_ONCE,
    'Sends a HEADERS frame with the "content-length" header field which does not equal the sum of the multiple DATA frames payload length':
        AT_ONCE,
}


@pytest.mark.parametrize("flags", [[], ["--tls", "--insecure"]], ids=["plaintext", "TLS"])
def test_h2spec_passes_but_for_the_cases_that_are_listed(start, upstream, certificate, tmp_path, flags):
    tls = [f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}"] if flags else []
    sidecar = start(*tls, f"--listen=unix:{tmp_path}/socket")
    report = tmp_path / "report.xml"
    subprocess.run([go_install(H2SPEC, BUILT / "bin"), "--port", sidecar.address.rpartition(":")[2], "--timeout", "1",
                    "--junit-report", report, *flags], stdout=subprocess.DEVNULL, timeout=SECONDS)
    cases = list(xml.parse(report).iter("testcase"))
    failed = {case.get("classname") for case in cases if case.find("failure") is not None or case.find("error") is not None}
    skipped = sum(case.find("skipped") is not None for case in cases)
    assert failed <= FAILING.keys()
    assert len(cases) - skipped - len(failed) >= LEAST
    upstream.script(response())
    client = Client(f"unix:{tmp_path}/socket")
    client.create()
    client.close()
