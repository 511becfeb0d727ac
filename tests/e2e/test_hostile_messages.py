# SPDX-License-Identifier: MIT
"""Are others served while a peer sends metadata and messages that are built to break a reader?"""
import gzip

import pytest

from support import api
from support.bystander import bystander
from support.client import IDS, refusal
from support.h2peer import GOAWAY, Peer
from support.process import status
from support.upstream import response, late

MOST_METADATA = 16384  # --max-metadata's default
MOST_BLOCK = MOST_METADATA + 8192 + 16384  # what sidecar/server/front.c and http2/guard.h allow above it


def request(**fields):
    return api.from_dict("huaweicloud.apig.v2.CreateApiGroupRequest", {**IDS, "name": "abc", **fields}).SerializeToString()


def test_bad_base64_ends_its_own_call_and_no_other(sidecar, upstream):
    """C-core 1.51 treats it as an error of the connection (CVE-2023-32732), and never sees it."""
    upstream.always = response()
    with bystander(sidecar), Peer(sidecar.address) as peer:
        for _ in range(20):
            stream = next(peer.streams)
            peer.send(peer.headers(stream, [("x-data-bin", "!not base64!")]), peer.message(stream, request()))
            assert peer.trailers(stream)["grpc-status"] == "13"
            assert peer.create()["grpc-status"] == "0"


@pytest.mark.parametrize("size", [MOST_METADATA, MOST_METADATA + 9000, MOST_BLOCK - 1000])
def test_metadata_above_the_bound_costs_its_own_stream_only(sidecar, upstream, size):
    step = late()
    upstream.script(step)
    with Peer(sidecar.address) as peer:
        sibling, large = next(peer.streams), next(peer.streams)
        peer.send(peer.headers(sibling), peer.message(sibling, request()))
        upstream.wait_requests(1)
        peer.send(peer.headers(large, [("x-large", "v" * size)]), peer.message(large, request()))
        refused = peer.trailers(large)
        assert refused["grpc-status"] == "8"
        assert "--max-metadata" in refused["grpc-message"]
        step.go.set()
        assert peer.trailers(sibling)["grpc-status"] == "0"


def test_a_header_block_far_above_the_bound_ends_the_connection_after_the_calls_under_way(sidecar, upstream):
    """It is not decoded, so that later blocks could not be decoded either (RFC 9113, section 4.3)."""
    step = late()
    upstream.script(step)
    with Peer(sidecar.address) as peer:
        sibling, large = next(peer.streams), next(peer.streams)
        peer.send(peer.headers(sibling), peer.message(sibling, request()))
        upstream.wait_requests(1)
        peer.send(peer.headers(large, [("x-large", "v" * 3 * MOST_BLOCK)]))
        assert any(kind == GOAWAY for kind, *_ in iter(peer.read, None))
        step.go.set()
        assert peer.trailers(sibling)["grpc-status"] == "0"
        peer.wait_end()


@pytest.mark.parametrize("more", [
    [("x-large", "v" * 50 * MOST_BLOCK)], [(f"x-{number}", "v" * 30) for number in range(20000)],
], ids=["large", "many"])
def test_metadata_without_end_affects_its_own_peer_only(sidecar, upstream, more):
    upstream.always = response()
    with bystander(sidecar):
        for _ in range(5):
            with Peer(sidecar.address) as peer:
                stream = next(peer.streams)
                peer.send_until_closed([peer.headers(stream, more), peer.message(stream, request())])
    assert status(sidecar.process, "VmHWM") < 128 << 10


NODES = """
syntax = "proto3";
package test.v1;
import "google/api/annotations.proto";
message Node { Node child = 1; }
service Nodes {
  rpc Plant(Node) returns (Node) { option (google.api.http) = {post: "/nodes" body: "*"}; }
}
"""


def varint(number):
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def nested(size):
    """A message in a message in a message…"""
    content = b""
    while len(content) < size:
        content = b"\x0a" + varint(len(content)) + content
    return content


NESTED = {
    "messages": nested(27 << 10), "groups": b"\xfb\x3e" * 13500 + b"\xfc\x3e" * 13500, "groups that do not end": b"\xfb\x3e" * 13500,
}


@pytest.mark.parametrize("kind", NESTED)
def test_27_KB_of_nesting_are_an_invalid_argument(start, upstream, tmp_path, kind):
    (tmp_path / "nodes.proto").write_text(NODES)
    (tmp_path / "nodes.binpb").write_bytes(api.compile_set(["nodes.proto"], [tmp_path]))
    sidecar = start(f"--descriptor-set={tmp_path / 'nodes.binpb'}")
    upstream.always = response()
    client = sidecar.client()
    with bystander(sidecar):
        assert refusal(client.unary("/test.v1.Nodes/Plant", NESTED[kind]))[0] == "INVALID_ARGUMENT"


def test_gzip_bombs_are_refused_before_they_grow(sidecar, upstream):
    upstream.always = response()
    bomb = gzip.compress(b"\0" * (32 << 20), 9)
    with bystander(sidecar), Peer(sidecar.address) as peer:
        for _ in range(5):
            stream = next(peer.streams)
            peer.send(peer.headers(stream, [("grpc-encoding", "gzip")]), peer.message(stream, bomb, is_packed=True))
            assert peer.trailers(stream)["grpc-status"] == "8"
    assert status(sidecar.process, "VmHWM") < 128 << 10
