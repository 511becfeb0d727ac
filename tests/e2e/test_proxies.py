# SPDX-License-Identifier: MIT
"""With a real proxy between the sidecar and a failing backend: is a create carried out once, and is its status accurate?"""
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import details
from support.faults import SERVERS, Backends, Fault, Site, group
from support.proxies import PROXIES
from support.secret import TokenFile
from support.sidecar import Sidecar

NAME = "api_group_001"
AT_ONCE = 4  # faults of a proxy
NOT_PROCESSED = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
FAULTS = {
    "refused by every server": Fault(listening=0),
    "refused by one server": Fault(listening=1, says=lambda response: response),
    "closed before the request": Fault(reads="nothing"),
    "reset before the request": Fault(reads="nothing", ends="reset"),
    "closed during the request": Fault(reads="head"),
    "reset during the request": Fault(reads="head", ends="reset"),
    "closed after the request": Fault(),
    "reset after the request": Fault(ends="reset"),
    "half a head": Fault(says=lambda response: response[:20]),
    "half a body": Fault(says=lambda response: response[:-20]),
    "garbage": Fault(says=lambda response: b"\x16\x03\x01 garbage\r\n\r\n"),
    "silence": Fault(ends="never"),
    "half a body, then silence": Fault(says=lambda response: response[:-20], ends="never"),
    "100 Continue, then closed": Fault(says=lambda response: b"HTTP/1.1 100 Continue\r\n\r\n"),
    "reused connection closed during the request": Fault(reads="head", reused=True),
    "reused connection reset during the request": Fault(reads="head", ends="reset", reused=True),
    "reused connection closed after the request": Fault(reused=True),
    "reused connection reset after the request": Fault(ends="reset", reused=True),
}


class Rig:
    """A proxy in front of two sites for each fault. `calls` has futures of two pairs of site and call. At the first site
    each create meets the fault; at the second only the first does, and the sidecar looks lost creates up."""

    def __init__(self, proxy, directory, certificate):
        self.sites = {fault: (Site(2 * at, FAULTS[fault], lasting=True), Site(2 * at + 1, FAULTS[fault], lasting=False))
                      for at, fault in enumerate(FAULTS)}
        every = [*itertools.chain(*self.sites.values())]
        self.token = TokenFile(directory / "token")
        self.backends = Backends(every, certificate if proxy.backend_tls else None)
        try:
            self.proxy = proxy(directory, certificate, every)
        except BaseException:
            self.backends.close()
            raise
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.calls = {fault: self.pool.submit(self.call, fault) for fault in FAULTS}

    def call(self, fault):
        sidecars = [self.sidecar(), self.sidecar("--recover-lost-creates")]
        try:
            calls = [begin_create(*each) for each in zip(sidecars, self.sites[fault])]
            for call in calls:
                call.exception()
            for sidecar in sidecars:
                sidecar.stop()
        finally:
            for sidecar in sidecars:
                sidecar.kill()
        return list(zip(self.sites[fault], calls))

    def sidecar(self, *options):
        return Sidecar(self.proxy, self.token.path, options=options)

    def close(self):
        self.pool.shutdown(cancel_futures=True)
        self.proxy.close()
        self.backends.close()


def begin_create(sidecar, site):
    client = sidecar.ready().client()
    for number in range(SERVERS * site.fault.reused):  # the proxy balances in turn, so each server gets a connection for reuse
        client.create(f"before_{number}", **site.ids)
    return client.start(NAME, **site.ids)


@pytest.fixture(scope="module", params=PROXIES)
def rig(request, tmp_path_factory, certificate):
    made = Rig(PROXIES[request.param], tmp_path_factory.mktemp("proxy"), certificate)
    yield made
    made.close()


@pytest.fixture(params=FAULTS)
def calls(request, rig):
    ended = rig.calls[request.param].result()
    for site, _ in ended:
        assert site.struck or site.fault.listening < SERVERS, "the fault never happened"
    return ended


def test_a_create_is_carried_out_once_at_most(calls):
    assert [site.created[NAME] for site, _ in calls if site.created[NAME] > 1] == []


def test_a_status_says_not_processed_only_when_that_is_so(calls):
    site, call = calls[0]
    code = call.code().name
    if code == "OK":
        assert site.created[NAME]
        return
    assert details(call)["ErrorInfo"].reason
    assert code == "UNKNOWN" if site.created[NAME] else code in (*NOT_PROCESSED, "UNKNOWN")


def test_with_look_ups_a_create_whose_response_is_lost_ends_well(calls):
    site, call = calls[1]
    if site.fault.listening == SERVERS:
        assert site.created[NAME] == 1
    if site.created[NAME]:
        assert call.result().id == group(NAME)["id"]
    else:
        assert call.exception()
