# SPDX-License-Identifier: MIT
"""Does the example of each language create a group, wait for the delay of the status, and print the error?"""
import json
import re
import signal
import subprocess

import pytest

from support.client import IDS
from support.sidecar import Sidecar, environment
from support.toolchain import ROOT, go, newer, run, tool
from support.upstream import GROUP, response, end_after_reading, error, http

EXAMPLES = ROOT / "deploy/examples"
CODE_LINES = 30
SECONDS = 60
SOURCES = {"cpp": "create.cc", "go": "main.go", "java": "src/main/java/Create.java", "node": "create.js",
           "python": "create.py", "rust": "src/main.rs"}
RULE = ("UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.",
        "UNAVAILABLE without one comes from the transport. Look for the name before calling again.")
NO_CODE = re.compile(r'\s*(//.*|#.*|/\*\*.*|""".*|import\b.*|from\b.*|use\b.*|package\b.*|const.* require.*|\t"[\w./]+"|[(){};,]*)')


def java():
    newer("Java", subprocess.run([tool("java"), "-version"], capture_output=True, text=True).stderr, (17, 0))
    tool("mvn")


NEEDS = {
    "cpp": lambda: tool("grpc_cpp_plugin"), "go": lambda: newer("Go", run(go(), "version"), (1, 26)), "java": java,
    "node": lambda: (tool("node"), tool("npm")), "python": lambda: tool("python3"),
    "rust": lambda: newer("Rust", run(tool("cargo"), "--version"), (1, 88)),
}


@pytest.fixture(scope="session", params=SOURCES)
def example(request):
    """(language, its command), built."""
    language = request.param
    NEEDS[language]()
    built = ROOT / "build/examples" / language
    run(EXAMPLES / language / "build", built, env=environment())
    return language, built / "create"


@pytest.fixture
def sidecar(upstream, token, tmp_path):
    options = [f"--listen=unix:{tmp_path}/apig.sock", *(f"--{key.replace('_', '-')}={value}" for key, value in IDS.items())]
    made = Sidecar(upstream, token.path, options=options).ready()
    yield made
    if made.process.returncode != -signal.SIGKILL:
        made.stop()


@pytest.fixture
def create(example, sidecar, tmp_path):
    """Returns the output of the example; it uses a Unix socket if the language's gRPC supports one simply."""
    language, command = example
    unix = f"unix:{tmp_path}/apig.sock"
    address = {"java": sidecar.address, "rust": f"http://{sidecar.address}"}.get(language, unix)

    def create(name="api_group_001"):
        ended = subprocess.run([command, address, name, EXAMPLES / "service-config.json"], capture_output=True, text=True,
                               timeout=SECONDS, env=environment())
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout
    return create


def failure(printed):
    """(code as gRPC spells it, without underscores; the message; the lines of details)."""
    first, *details = printed.splitlines()
    code, _, message = first.partition(" ")
    numbers = {"2": "UNKNOWN", "3": "INVALIDARGUMENT", "14": "UNAVAILABLE"}  # C++ prints numbers
    return numbers.get(code, code.upper().replace("_", "")), message, details


def test_an_example_creates_a_group(create, upstream):
    upstream.script(response())
    assert create() == f"created {GROUP['id']}\n"


def test_an_example_retries_after_the_pushback(create, upstream):
    throttled = http(429, {"error_code": "APIGW.0308", "error_msg": "Too many"}, ["Retry-After: 1"])
    upstream.script(response(throttled), response())
    assert create() == f"created {GROUP['id']}\n"


def test_an_example_does_not_retry_after_a_pushback_of_minus_1(create, upstream):
    upstream.script(response(error(403, "APIG.3101", "The quota is used up")))
    assert "reason APIG_3101" in create()


def test_an_example_does_not_repeat_a_create_of_unknown_outcome(create, upstream):
    upstream.script(end_after_reading())
    code, message, details = failure(create())
    assert (code, details) == ("UNKNOWN", ["reason OUTCOME_UNKNOWN"]) and message


def test_an_example_does_not_repeat_a_create_that_a_killed_sidecar_may_have_sent(create, sidecar, upstream):
    def kill(connection):
        connection.read()
        sidecar.kill()
        return False
    upstream.script(kill)
    code, _, details = failure(create())
    assert sidecar.wait() == -signal.SIGKILL
    assert code in ("UNAVAILABLE", "UNKNOWN") and not details  # tonic calls a lost connection UNKNOWN


@pytest.mark.parametrize("language", SOURCES)
def test_an_example_states_the_meaning_of_unavailable(language):
    source = (EXAMPLES / language / SOURCES[language]).read_text()
    assert all(sentence in source for sentence in RULE)


def test_an_example_prints_the_violations_of_a_request(create):
    code, _, details = failure(create("?"))
    assert code == "INVALIDARGUMENT" and "reason INVALID_REQUEST" in details
    assert [line for line in details if re.fullmatch(r"field name .+", line)]


def test_the_policy_names_only_what_was_not_processed():
    for method in json.loads((EXAMPLES / "service-config.json").read_text())["methodConfig"]:
        assert set(method["retryPolicy"]["retryableStatusCodes"]) == {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}


@pytest.mark.parametrize("language", SOURCES)
def test_an_example_is_short(language):
    lines = (EXAMPLES / language / SOURCES[language]).read_text().splitlines()
    code = [line for line in lines if not NO_CODE.fullmatch(line)]
    assert len(code) <= CODE_LINES, "\n".join(code)
