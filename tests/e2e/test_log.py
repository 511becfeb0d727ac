# SPDX-License-Identifier: MIT
"""Does the log have a line for each failed call and the configured share of the others, and is /config accurate?"""
import pytest

from support.upstream import response, error


@pytest.mark.parametrize("share,expected", [("0", 0), ("0.25", 10), ("1", 40)])
def test_a_share_of_successes_and_every_failure_are_logged(start, upstream, share, expected):
    sidecar = start(f"--log-sample={share}")
    client = sidecar.client()
    for _ in range(40):
        upstream.script(response())
        client.create()
    upstream.script(response(error(400, "APIG.2011")), response(error(500, "APIG.9999")))
    for _ in range(2):
        client.start().exception()
    client.refusal(name="?")
    sidecar.stop()
    codes = [line["code"] for line in sidecar.lines if line["event"] == "call"]
    assert codes.count("OK") == expected
    assert len(codes) - expected == 3


def test_the_configuration_in_force_is_shown_with_where_each_value_came_from(start, token):
    sidecar = start("--deadline=7s", variables={"APIG_SIDECAR_MAX_IN_FLIGHT": "77", "APIG_SIDECAR_DEADLINE": "8s"})
    code, page = sidecar.ask("/config")
    rows = {fields[0]: fields[1:] for fields in (line.split() for line in page.splitlines())}
    assert code == 200
    assert rows["--deadline"] == ["7s", "flag"]
    assert rows["--max-in-flight"] == ["77", "variable"]
    assert rows["--max-deadline"] == ["2m", "default"]
    assert rows["--token-file"] == [str(token.path), "flag"]
