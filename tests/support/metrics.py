# SPDX-License-Identifier: MIT
"""A sidecar's /metrics, read as Prometheus reads it."""
import urllib.request

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def fetch(sidecar, accept="*/*"):
    """(Content-Type, page)."""
    address = sidecar.wait_log(event="monitor listening")[0]["address"]
    request = urllib.request.Request(f"http://{address}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.headers["Content-Type"], response.read().decode()


def families(page):
    """The metrics of a page in either format."""
    read = openmetrics if page.endswith("# EOF\n") else parser
    return list(read.text_string_to_metric_families(page))


def samples(sidecar):
    """{(name, ((label, value), …)): value} of now."""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families(fetch(sidecar)[1]) for sample in family.samples}


def value(sidecar, name, **labels):
    """One sample's value; None when there is no such sample."""
    return samples(sidecar).get((name, tuple(sorted(labels.items()))))
