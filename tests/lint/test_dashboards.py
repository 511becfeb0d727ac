# SPDX-License-Identifier: MIT
"""Do the dashboard and the alerts use existing metrics only, and does the dashboard show all of them?"""
import json
import re
import shutil
import subprocess

import pytest
from sources import ROOT, read

FOLDER = "deploy/dashboards"
ALERTS, ALERTS_TEST, DASHBOARD = (f"{FOLDER}/{name}" for name in ("alerts.yaml", "alerts_test.yaml", "apig-sidecar.json"))
NOT_SHOWN = set()  # metrics that the dashboard leaves out on purpose
OF_PROMETHEUS = {"job", "instance", "le", "alertname"}  # labels that the sidecar does not set

TABLE = read("sidecar/telemetry/metric_table.c")
TYPES = dict(re.findall(r'ROW\(\w+,\s*"(\w+)",\s*(\w+),', TABLE))
LABELS = set(re.findall(r'LABEL\(\w+, "(\w+)"', TABLE)) | OF_PROMETHEUS
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def family(name):
    base = SUFFIX.sub("", name)
    return base if TYPES.get(base) == "HISTOGRAM" else name


def names_in(text):
    """Returns the metrics of a query or a sentence: words with the prefix of a metric that are not labels."""
    words = re.findall(r"\b(?:apig_sidecar|rpc|http|process)_\w+", text)
    return {family(word) for word in words if word not in LABELS}


def labels_in(query):
    listed = ",".join(re.findall(r"(?:by|on) \(([^)]*)\)", query)).replace(" ", "").split(",")
    return set(filter(None, listed)) | set(re.findall(r'(\w+)=~?"', query))


def queries():
    """Returns (panel's title, PromQL) of the dashboard."""
    return [(panel["title"], target["expr"]) for panel in json.loads(read(DASHBOARD))["panels"]
            for target in panel.get("targets", ())]


def promtool(*arguments):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    ended = subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def alerts():
    return {name: body for name, body in re.findall(r"- alert: (\w+)\n(.*?)(?=\n +- alert|\Z)", read(ALERTS), re.S)}


def expressions_of_alerts():
    return re.findall(r"\bexpr: (.*?)\n +(?:for|labels):", read(ALERTS), re.S)


def test_the_table_of_metrics_is_read_whole():
    assert len(TYPES) == len(re.findall(r"\bROW\(\w", TABLE)) - 1 > 20  # without ROW's definition


@pytest.mark.parametrize("expression", expressions_of_alerts() + [query for _, query in queries()])
def test_a_query_uses_existing_metrics_and_labels(expression):
    assert names_in(expression) and names_in(expression) <= TYPES.keys()
    assert labels_in(expression) <= LABELS


@pytest.mark.parametrize("path", [ALERTS, ALERTS_TEST])
def test_the_texts_of_the_alerts_name_existing_metrics(path):
    assert names_in(read(path)) <= TYPES.keys()


def test_the_dashboard_shows_every_metric():
    shown = set().union(*(names_in(query) for _, query in queries()))
    assert TYPES.keys() - shown == NOT_SHOWN


def test_the_dashboards_queries_are_promql(tmp_path):
    def recorded(number, query):
        bare = query.replace("$__rate_interval", "5m")
        return f"  - record: query_{number}\n    expr: {json.dumps(bare)}\n"
    rules = tmp_path / "rules.yaml"
    rules.write_text("groups:\n- name: dashboard\n  rules:\n" +
                     "".join(recorded(number, query) for number, (_, query) in enumerate(queries())))
    promtool("check", "rules", str(rules))


def test_the_dashboards_panels_do_not_overlap():
    panels = json.loads(read(DASHBOARD))["panels"]
    cells = [(x, y) for panel in panels for at in [panel["gridPos"]]
             for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_alerts_are_valid_rules_and_fire_in_their_tests():
    promtool("check", "rules", ALERTS)
    promtool("test", "rules", ALERTS_TEST)


@pytest.mark.parametrize("name", alerts())
def test_an_alert_has_a_severity_a_runbook_and_a_test_that_fires_it(name):
    assert re.search(r"severity: (page|ticket)", alerts()[name])
    assert re.search(r'summary: "\{\{ \$labels\.instance \}\}.+"', alerts()[name])
    assert re.search(r'runbook: ".+\."', alerts()[name])
    assert f'alertname="{name}"' in read(ALERTS_TEST)
