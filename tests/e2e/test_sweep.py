# SPDX-License-Identifier: MIT
"""Does the sweep over a tree of .proto files report what the sidecar serves of it and why it does not serve the rest?"""
import shutil
import subprocess

from support import api
from support.sidecar import BINARY

HEAD = 'syntax = "proto3"; package %s; import "google/api/annotations.proto"; import "google/protobuf/any.proto"; '
MESSAGES = "message Q { string id = 1; } message Opened { google.protobuf.Any payload = 1; }"
GOOD = 'rpc Good(Q) returns (Q) { option (google.api.http).get = "/v1/good"; } '
OPEN = 'rpc Open(Q) returns (Opened) { option (google.api.http).get = "/v1/open"; } rpc WithoutRule(Q) returns (Q); '


def swept(tree, *options):
    return subprocess.run([api.ROOT / "tests/bench/sweep", tree, f"--binary={BINARY}", *options], capture_output=True, text=True)


def test_the_shares_and_the_reasons_are_reported_and_compared_with_the_least(tmp_path):
    shutil.copytree(api.ROOT / "proto/google/api", tmp_path / "google/api")
    for package, methods in (("mixed", GOOD + OPEN), ("bad", OPEN)):
        (tmp_path / package).mkdir()
        (tmp_path / package / f"{package}.proto").write_text(HEAD % package + f"service S {{ {methods} }} " + MESSAGES)
    done = swept(tmp_path, "--least-started=0.5", "--least-served=0.3")
    assert done.returncode == 0, done.stderr
    shares, *reasons = done.stdout.splitlines()
    assert shares == "1 of 2 packages start (50.0%); 1 of 3 methods with an HTTP rule are served (33.3%)"
    assert [reason.split()[:4] for reason in reasons] == [["2", "google.protobuf.Any", "cannot", "be"]]
    assert swept(tmp_path, "--least-started=0.6").returncode == 1
    assert swept(tmp_path, "--least-served=0.4").returncode == 1
