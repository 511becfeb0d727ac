# SPDX-License-Identifier: MIT
"""Does the time to read a descriptor set grow with its size, and not with the square of it, whatever is in it?"""
import os
import subprocess

import pytest

from support import api
from support.sidecar import BINARY, run

HEAD = """syntax = "proto3";
package test.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
"""
SMALL, GROWTH = 1500, 6
RULE = 'option (buf.validate.message).oneof = { fields: ["id"] };'


def of(count, line):
    return "\n".join(line.replace("#", str(i)).replace("@", str(i + 1)) for i in range(count))


def service(rule, *others):
    return f"""service S {{ rpc M(R) returns (E) {{ option (google.api.http) = {{ {rule} }}; }} {" ".join(others)} }} message E {{}} """


SETS = {
    "types of a query": lambda n: service('get: "/v1"') + of(n, "message T# {}") + f"message R {{ {of(n, 'T# f# = @;')} }}",
    "bindings and types of a query": lambda n: service('get: "/v1"' + of(n, ' additional_bindings { get: "/v1/#" }'))
    + of(n, "message T# {}") + f"message R {{ {of(n, 'T# f# = @;')} }}",
    "methods and fields of their request": lambda n: service('get: "/v1"', of(
        n, 'rpc M#(R) returns (E) { option (google.api.http).get = "/v1/#"; }')) + f"message R {{ {of(n, 'int32 f# = @;')} }}",
    "types in types": lambda n: service('post: "/v1" body: "*"') + of(n, "message T# { T@ next = 1; }")
    + f"message R {{ T0 first = 1; }} message T{n} {{ string id = 1 [(buf.validate.field).required = true]; }}",
    "oneofs": lambda n: service('get: "/v1"')
    + f"message R {{ {of(n, 'oneof o# { option (buf.validate.oneof).required = true; int32 f# = @; }')} }}",
    "rules of a message": lambda n: service('get: "/v1"')
    + f"message R {{ string id = 1; {of(n, RULE)} }}",
    "names alike": lambda n: service('get: "/v1"') + f"message R {{ {of(n, 'int32 name_1####_name = @;')} }}",
    "values of a rule": lambda n: service('get: "/v1"')
    + f"message R {{ int32 id = 1 [(buf.validate.field).int32 = {{ in: [{', '.join(map(str, range(n)))}] }}]; }}",
}


def seconds(path):
    """The processor's time that a call of an unknown method takes, nearly all of it to read the set."""
    caller = subprocess.Popen([BINARY, "call", "NoSuchMethod", f"--descriptor-set={path}", "--target=127.0.0.1:1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    error = caller.stderr.read()
    _, status, usage = os.wait4(caller.pid, 0)
    caller.returncode = os.waitstatus_to_exitcode(status)
    assert caller.returncode == 2 and "NoSuchMethod" in error, error
    return usage.ru_utime


@pytest.mark.parametrize("kind", SETS)
def test_the_time_grows_with_the_size_of_the_set(kind, tmp_path):
    times = []
    for count in (SMALL, SMALL * GROWTH):
        (tmp_path / "large.proto").write_text(HEAD + SETS[kind](count))
        (tmp_path / "large.binpb").write_bytes(api.compile_set(["large.proto"], [tmp_path]))
        times.append(min(seconds(tmp_path / "large.binpb") for _ in range(3)))
    assert times[1] < times[0] * GROWTH * 2.5 + 0.05, times


NESTED = {
    "deep": lambda n: of(n, "message T# { T@ next = 1; }"),
    "of many paths": lambda n: of(n, "message T# { T@ a = 1; T@ b = 2; }"),
}


@pytest.mark.parametrize("kind, count", [("deep", 20000), ("of many paths", 60)])
def test_a_check_of_types_in_types_comes_to_an_end(kind, count, tmp_path):
    last = f"message T{count} {{ string id = 1 [(buf.validate.field).required = true]; }} message R {{ T0 first = 1; }}"
    (tmp_path / "nested.proto").write_text(HEAD + service('post: "/v1" body: "*"') + NESTED[kind](count) + last)
    (tmp_path / "nested.binpb").write_bytes(api.compile_set(["nested.proto"], [tmp_path]))
    checked = run("check", f"--descriptor-set={tmp_path / 'nested.binpb'}", "--upstream=https://127.0.0.1:1")
    assert checked.returncode == 1
    assert "    first.a.a " in checked.stdout or "    first.next.next " in checked.stdout
    assert "    further fields are not listed\n" in checked.stdout
