# SPDX-License-Identifier: MIT
"""Does /metrics tell what happened, so that Prometheus can read it?"""
import shutil
import subprocess

import pytest

from support import metrics
from support.secret import TOKEN


def test_the_page_is_what_promtool_wants(sidecar):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    content_type, page = metrics.fetch(sidecar)
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_openmetrics_comes_when_it_is_asked_for(sidecar):
    content_type, page = metrics.fetch(sidecar, metrics.OPENMETRICS)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert page.endswith("\n# EOF\n")
    names = {family.name for family in metrics.families(page)}
    assert names == {family.name for family in metrics.families(metrics.fetch(sidecar)[1])}


def test_a_process_is_told_by_its_standard_names(sidecar):
    assert metrics.value(sidecar, "process_resident_memory_bytes") > 1 << 20
    assert metrics.value(sidecar, "process_cpu_seconds_total") > 0
    assert 3 < metrics.value(sidecar, "process_open_fds") < metrics.value(sidecar, "process_max_fds")
    assert 0 <= metrics.value(sidecar, "process_start_time_seconds")
    [labels] = [labels for name, labels in metrics.samples(sidecar) if name == "apig_sidecar_build_info"]
    assert dict(labels)["version"]


def test_the_credential_is_told_by_its_state_alone(start, token):
    sidecar = start()
    loads = "apig_sidecar_credential_loads_total"
    assert metrics.value(sidecar, "apig_sidecar_credential_ready") == 1
    assert metrics.value(sidecar, loads, result="ok") == 1
    token.path.unlink()
    sidecar.wait_log(event="credential rejected")
    assert metrics.value(sidecar, loads, result="failed") == 1
    assert TOKEN not in metrics.fetch(sidecar)[1] + metrics.fetch(sidecar, metrics.OPENMETRICS)[1]
