# SPDX-License-Identifier: MIT
"""Does /metrics count what happened, in a form that Prometheus reads, and in a bounded size?"""
import itertools
import shutil
import subprocess
import time

import pytest

from support import metrics
from support.api import SERVICE
from support.client import IDS, refusal
from support.secret import TOKEN
from support.upstream import response, end_after_reading, error, http, late, silence

METHOD = f"{SERVICE}/CreateApiGroup"
SEEN_ROWS = 64 + 32 + 1  # sidecar/telemetry/metric.h


def told(sidecar, name, **labels):
    return metrics.value(sidecar, name, **labels)


def calls(sidecar, code, method=METHOD):
    return told(sidecar, "rpc_server_calls_total", rpc_method=method, rpc_response_status_code=code)


def responses(sidecar, status, code=""):
    return told(sidecar, "apig_sidecar_upstream_responses_total", http_response_status_code=status, vendor_code=code)


def exchanges(sidecar, outcome, cause="none"):
    return told(sidecar, "apig_sidecar_upstream_exchanges_total", outcome=outcome, cause=cause)


def failures(sidecar, reason):
    return told(sidecar, "apig_sidecar_failures_total", reason=reason)


def ended(sidecar, step):
    return told(sidecar, "apig_sidecar_calls_ended_total", step=step)


def retries(sidecar, cause):
    return told(sidecar, "apig_sidecar_upstream_retries_total", cause=cause)


@pytest.mark.parametrize("many", [False, True], ids=["at first", "after calls"])
def test_promtool_accepts_the_page(sidecar, client, upstream, many):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    if many:
        upstream.script(response(), response(error(400, "APIG.3201")))
        client.create()
        client.refusal()
    content_type, page = metrics.fetch(sidecar)
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_page_is_in_openmetrics_when_the_client_accepts_that(sidecar, client, upstream):
    upstream.script(response())
    client.create()
    content_type, page = metrics.fetch(sidecar, metrics.OPENMETRICS)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert page.endswith("\n# EOF\n")
    names = {family.name for family in metrics.families(page)}
    assert names == {family.name for family in metrics.families(metrics.fetch(sidecar)[1])}


def test_a_process_has_the_standard_metrics(sidecar):
    assert told(sidecar, "process_resident_memory_bytes") > 1 << 20
    assert told(sidecar, "process_cpu_seconds_total") > 0
    assert 3 < told(sidecar, "process_open_fds") < told(sidecar, "process_max_fds")
    assert abs(time.time() - told(sidecar, "process_start_time_seconds")) < 120
    [labels] = [labels for name, labels in metrics.samples(sidecar) if name == "apig_sidecar_build_info"]
    assert dict(labels)["version"]


def test_successful_calls_are_counted_with_their_times_and_connections(sidecar, client, upstream):
    upstream.script(response(), response())
    assert calls(sidecar, "OK") == 0
    client.create()
    client.create()
    assert calls(sidecar, "OK") == 2
    assert ended(sidecar, "reply") == 2
    assert responses(sidecar, "201") == 2
    assert exchanges(sidecar, "answered") == 2
    uses = "apig_sidecar_upstream_connection_uses_total"
    assert [told(sidecar, uses, connection=which) for which in ("new", "reused")] == [1, 1]
    assert told(sidecar, "apig_sidecar_upstream_connects_total", result="ok") == 1
    assert told(sidecar, "apig_sidecar_upstream_connections") == 1
    assert told(sidecar, "apig_sidecar_connections") == 1
    assert told(sidecar, "apig_sidecar_connections_accepted_total") == 1
    assert told(sidecar, "rpc_server_call_duration_seconds_count", rpc_method=METHOD) == 2
    for name, count in (("http_client_request_duration_seconds", 2),
                        ("apig_sidecar_upstream_queue_duration_seconds", 2),
                        ("apig_sidecar_upstream_connect_duration_seconds", 1)):
        assert told(sidecar, f"{name}_count") == told(sidecar, f"{name}_bucket", le="+Inf") == count
        assert 0 < told(sidecar, f"{name}_sum") < 60


def test_a_request_that_breaks_a_rule_is_counted_by_the_step_that_refused_it(sidecar, client):
    assert client.refusal("x")[0] == "INVALID_ARGUMENT"
    assert calls(sidecar, "INVALID_ARGUMENT") == 1
    assert ended(sidecar, "validate") == 1
    assert failures(sidecar, "INVALID_REQUEST") == 1
    assert exchanges(sidecar, "answered") == 0


def test_a_refusal_of_the_service_is_counted_by_its_status_and_code(sidecar, client, upstream):
    upstream.script(response(error(400, "APIG.3201")))
    assert client.refusal()[0] == "ALREADY_EXISTS"
    assert calls(sidecar, "ALREADY_EXISTS") == 1
    assert responses(sidecar, "400", "APIG.3201") == 1
    assert ended(sidecar, "interpret") == 1
    assert failures(sidecar, "_OTHER") == 1


def test_a_lost_response_is_counted_as_an_unknown_outcome(sidecar, client, upstream):
    upstream.script(end_after_reading())
    assert client.refusal()[0] == "UNKNOWN"
    assert failures(sidecar, "OUTCOME_UNKNOWN") == 1
    assert exchanges(sidecar, "perhaps_processed", "lost") == 1
    assert told(sidecar, "apig_sidecar_upstream_connections") == 0


def test_an_upstream_that_cannot_be_reached_is_counted(start):
    sidecar = start("--upstream=https://localhost:1")
    assert sidecar.client().refusal()[0] == "UNAVAILABLE"
    assert failures(sidecar, "UPSTREAM_UNREACHABLE") == 1
    assert exchanges(sidecar, "not_sent", "connect") >= 1
    assert told(sidecar, "apig_sidecar_upstream_connects_total", result="failed") >= 1
    assert told(sidecar, "apig_sidecar_upstream_connect_duration_seconds_count") == 0


def test_deadlines_and_cancels_are_counted_apart(start, upstream):
    sidecar = start("--deadline=300ms")
    client = sidecar.client()
    upstream.script(silence(), silence())
    assert client.refusal(timeout=None)[0] == "DEADLINE_EXCEEDED"
    call = client.start(timeout=50)
    upstream.wait_requests(2)
    call.cancel()
    sidecar.wait_log(event="call", code="CANCELLED")
    assert (calls(sidecar, "DEADLINE_EXCEEDED"), calls(sidecar, "CANCELLED")) == (1, 1)
    assert exchanges(sidecar, "perhaps_processed", "deadline") == 1
    assert exchanges(sidecar, "perhaps_processed", "cancelled") == 1


def test_calls_in_flight_are_counted(sidecar, client, upstream):
    step = late()
    upstream.script(step)
    call = client.start()
    upstream.wait_requests(1)
    assert told(sidecar, "apig_sidecar_calls_in_flight") == 1
    step.go.set()
    call.result()
    assert calls(sidecar, "OK") == 1


def test_a_request_that_is_sent_again_is_counted_by_its_cause(start, upstream, token):
    sidecar = start()

    def rotate(connection):
        connection.read()
        token.write(f"{TOKEN}2")
        connection.send(error(401, "APIG.1002"))
        return True
    sidecar.secrets.add(f"{TOKEN}2")
    upstream.script(rotate, response(error(503, "APIG.1010")), response())
    sidecar.client().create()
    assert [retries(sidecar, cause) for cause in ("credential", "rejected", "absent")] == [1, 1, 0]
    assert exchanges(sidecar, "answered") == 3
    assert (responses(sidecar, "401", "APIG.1002"), responses(sidecar, "503", "APIG.1010")) == (1, 1)
    assert calls(sidecar, "OK") == 1


def test_look_ups_are_counted_by_their_result(start, upstream):
    sidecar = start("--recover-lost-creates")
    nothing = response(http(200, {"size": 0, "total": 0, "groups": []}))
    upstream.script(end_after_reading(), nothing, end_after_reading(), response(error(500, "APIG.9999")))
    assert sidecar.client().refusal()[0] == "UNKNOWN"
    told_by = {verdict: told(sidecar, "apig_sidecar_recoveries_total", verdict=verdict)
               for verdict in ("FOUND", "OLDER", "ABSENT", "FAILED")}
    assert told_by == {"FOUND": 0, "OLDER": 0, "ABSENT": 1, "FAILED": 1}
    assert retries(sidecar, "absent") == 1
    assert responses(sidecar, "500", "APIG.9999") == 1


def test_a_drain_is_visible_while_it_lasts(start, upstream):
    sidecar = start()
    step = late()
    upstream.script(step)
    call = sidecar.client().start()
    upstream.wait_requests(1)
    assert told(sidecar, "apig_sidecar_draining") == 0
    sidecar.signal()
    sidecar.wait_log(event="draining")
    assert told(sidecar, "apig_sidecar_draining") == 1
    step.go.set()
    call.result()


def test_connections_above_the_bound_are_counted(start, upstream):
    sidecar = start("--max-connections=1")
    upstream.always = response()
    sidecar.client().create()
    assert sidecar.client().refusal()[0] == "UNAVAILABLE"
    [cause] = [dict(labels)["cause"] for name, labels in metrics.samples(sidecar)
               if name == "apig_sidecar_connections_refused_total"]
    assert "--max-connections" in cause


def test_the_credential_is_visible_by_its_state_alone(start, token):
    sidecar = start()
    loads = "apig_sidecar_file_loads_total"
    assert told(sidecar, "apig_sidecar_credential_ready") == 1
    assert told(sidecar, loads, file="token", result="ok") == 1
    since = told(sidecar, "apig_sidecar_credential_timestamp_seconds", kind="token")
    assert abs(time.time() - since) < 120
    token.remove()
    sidecar.wait_log(event="credential rejected")
    assert told(sidecar, loads, file="token", result="failed") == 1
    token.write(TOKEN)
    sidecar.wait_log(2, event="credential loaded")
    assert told(sidecar, "apig_sidecar_credential_timestamp_seconds", kind="token") == since
    token.write("another-token")
    sidecar.wait_log(3, event="credential loaded")
    assert told(sidecar, "apig_sidecar_credential_timestamp_seconds", kind="token") > since


@pytest.mark.parametrize("secret", [TOKEN, "short.17"], ids=["long", "short enough for a code"])
def test_a_token_that_the_upstream_repeats_is_not_in_the_metrics(start, upstream, token, secret):
    token.write(secret)
    sidecar = start()
    sidecar.secrets.add(secret)
    codes = [secret, secret[:60], f"APIG.{secret}"]
    upstream.script(*[response(error(400, code, code)) for code in codes])
    client = sidecar.client()
    for _ in codes:
        client.refusal()
    for accept in ("*/*", metrics.OPENMETRICS):
        assert secret[:60] not in metrics.fetch(sidecar, accept)[1]
    assert sum(count for (name, _), count in metrics.samples(sidecar).items()
               if name == "apig_sidecar_upstream_responses_total") == len(codes)


def test_a_flood_of_odd_codes_and_statuses_has_its_bound(sidecar, client, upstream):
    upstream.script(response(error(400, "APIG.3201")))
    client.refusal()
    numbers = itertools.count()

    def odd(connection):
        number = next(numbers)
        return response(error(400 + number % 99, f"ODD.{number}"))(connection)
    upstream.always = odd
    for _ in range(300):
        client.refusal()
    counted = {labels: count for (name, labels), count in metrics.samples(sidecar).items()
               if name == "apig_sidecar_upstream_responses_total"}
    assert len(counted) <= SEEN_ROWS
    assert sum(counted.values()) == 1 + next(numbers) > 300
    assert responses(sidecar, "400", "APIG.3201") == 1
    assert responses(sidecar, "_OTHER", "_OTHER") > 0


def test_a_flood_of_unknown_methods_is_one_row(sidecar, client):
    before = metrics.samples(sidecar).keys()
    calling = [client.unary(f"/{SERVICE}/Odd{number}", b"") for number in range(200)]
    calling.append(client.unary("/" + "x" * 3000, b""))
    assert {refusal(call)[0] for call in calling} == {"UNIMPLEMENTED"}
    assert metrics.samples(sidecar).keys() == before
    assert calls(sidecar, "UNIMPLEMENTED", "_OTHER") == 201


def test_values_that_callers_send_are_not_labels(sidecar, client, upstream):
    upstream.script(response())
    before = metrics.samples(sidecar).keys()
    client.create("group-of-somebody", metadata=[("x-request-id", "request-of-somebody")])
    client.refusal("?", project_id=IDS["project_id"] + "?")
    added = {labels for _, labels in metrics.samples(sidecar).keys() - before}
    assert added == {(("http_response_status_code", "201"), ("vendor_code", ""))}
