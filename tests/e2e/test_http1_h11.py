# SPDX-License-Identifier: MIT
"""Does the response reader agree with h11, another implementation of RFC 9112, on every stream but those listed here?"""
import json
import os
import pathlib
import random
import re
import subprocess

import h11
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = ROOT / os.environ.get("APIG_SIDECAR_BUILD", "build/release") / "http1_probe"
SEEDS = [path.read_bytes() for path in sorted((ROOT / "tests/fuzz/corpus/fuzz_http1").iterdir())]
STREAMS = 6000

# Streams that the sidecar refuses and h11 reads: the message, the property of the stream, and the reason.
STRICTER = [
    ("without a carriage return", rb"(?<!\r)\n", "a line feed alone ends no line"),
    ("folded over several lines", rb"\n[ \t]", "folded fields are obsolete: RFC 9112 section 5.2"),
    ("holds a control character", rb"[\x01-\x08\x0e-\x1f\x7f]", "h11 lets control characters through"),
    ("first line", rb"[\x01-\x08\x0e-\x1f\x7f]", "h11 lets control characters through"),
    ("are not a response in HTTP/1", rb"(^|\n)HTTP/[02-9]", "h11 reads any major version as if it were 1"),
    ("HTTP defines 100 to 599", rb"HTTP/1\.\d [6-9]\d\d", "h11 reads statuses up to 999"),
    ("interim responses that are allowed", rb" 10", "h11 has no bound"),
    ("fields that are allowed", rb"", "h11 has no bound"),
    ("both Content-Length and Transfer-Encoding", rb"(?i)content-length.*transfer-encoding|transfer-encoding.*content-length",
     "h11 prefers Transfer-Encoding"),
    ("which HTTP/1.0 does not know", rb"HTTP/1\.0.*(?i:transfer-encoding)", "h11 reads chunks in HTTP/1.0"),
    ("not one decimal number", rb"(?i)content-length:[^\n]*,", "h11 reads a list of equal lengths"),
    ("not one decimal number", rb"(?i)content-length:[^\n]*\n[ \t]", "the field is folded"),
    ("not one decimal number", rb"(?i)content-length:[^\n]*\d{20}", "h11 reads numbers beyond 64 bits"),
    ("not chunked alone", rb"(?i)transfer-encoding:[^\n]*\n[ \t]", "the field is folded"),
    ("other than an extension", rb"(^|\n)[0-9a-fA-F]+([ \t]+\r?\n|[^\n]*[\x00-\x08\x0b-\x1f\x7f])",
     "h11 allows whitespace behind a chunk's size, and anything in extensions"),
    ("hexadecimal digits", rb"\n[0-9a-fA-F]{17,20}", "h11 reads up to 20 digits"),
]

# Streams that the sidecar reads and h11 refuses.
LAXER = [
    (rb"\n0+(;[^\n]*)?\r\n(.*\n)?(?i:content-length|transfer-encoding)", "we drop trailers, whatever their names"),
    (rb"(?i)content-length:[^\n]*\n(.*\n)?(?i:content-length)", "h11 compares equal lengths as text, zeros in front included"),
]

PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"0", b"1", b"5", b"a", b"-", b"+", b"\x00", b"\x01", b"\x7f", b"\xe4",
          b"\r\n\r\n", b"\r\n ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0", b"HTTP/2.0", b" 101 ", b" 103 ", b" 204 ", b" 304 ", b" 999 ",
          b"Content-Length: 5\r\n", b"Content-Length: 05\r\n", b"Content-Length: 5, 5\r\n", b"Transfer-Encoding: chunked\r\n",
          b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"A: b\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b";a=b", b"00000000000000000"]


def mutated(chance):
    stream = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(stream) + 1)
        end = min(len(stream), at + chance.choice([0, 0, 0, 1, 2, 8]))
        stream[at:end] = chance.choice([b"", chance.choice(PIECES), chance.choice(PIECES), bytes(stream[at:end]) * 2,
                                        chance.randbytes(1)])
    return bytes(stream)


def read_by_h11(stream, method, ends):
    """Returns (progress, then for a complete response status, fields, body, bytes consumed, connection kept, if h11 reports it)."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(stream)
    if ends:
        connection.receive_data(b"")
    response, body = None, b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return ("more",)
            if isinstance(event, h11.ConnectionClosed):
                return ("broken",)
            if isinstance(event, h11.Response):
                response = event
            if isinstance(event, h11.Data):
                body += event.data
    except h11.RemoteProtocolError:
        return ("broken",)
    fields = [(name, value) for name, value in response.headers.raw_items()]
    # h11 never keeps HTTP/1.0, says nothing of streams that end, and takes a 204 that announces a body for a good one.
    framed = {name for name, _ in response.headers} & {b"content-length", b"transfer-encoding"}
    has_opinion = framed and response.http_version != b"1.0" and response.status_code != 204
    kept = connection.their_state is h11.DONE if has_opinion else None
    return "complete", response.status_code, fields, body, len(stream) - len(connection.trailing_data[0]), kept


def lengths_once(fields):
    """h11 returns equal Content-Length fields once."""
    kept = []
    for name, value in fields:
        if name.lower() != b"content-length" or name.lower() not in {name.lower() for name, _ in kept}:
            kept.append((name, value))
    return kept


def read_by_us(orders):
    """Returns the same for each (stream, method, ends), with the reason for a broken one."""
    asked = b"".join(b"%d %s %s\n%s" % (len(stream), method.encode(), b"ends" if ends else b"open", stream)
                     for stream, method, ends in orders)
    told = subprocess.run([PROBE], input=asked, stdout=subprocess.PIPE, check=True, timeout=300).stdout
    for line in told.splitlines():
        read = json.loads(line)
        if read["progress"] != "complete":
            yield (read["progress"], *([read["why"]] if "why" in read else []))
            continue
        fields = lengths_once((name.encode("latin-1"), value.encode("latin-1")) for name, value in read["fields"])
        yield ("complete", read["status"], fields, read["body"].encode("latin-1"), read["consumed"], read["keeps_alive"])


def is_meant(stream, ours, theirs):
    if ours[0] == "broken":
        return any(message in ours[1] and re.search(pattern, stream, re.DOTALL) for message, pattern, _ in STRICTER)
    if theirs[0] == "broken":
        return any(re.search(pattern, stream, re.DOTALL) for pattern, _ in LAXER)
    return False


def differs(ours, theirs, ends):
    if ours[0] == theirs[0] == "broken":
        return False
    # The sidecar refuses a line as soon as it arrives, h11 only when the head is complete.
    if not ends and ours[0] == "broken" and theirs[0] == "more":
        return False
    return ours != theirs and (theirs[-1] is not None or ours[:-1] != theirs[:-1])


@pytest.mark.parametrize("ends", [True, False], ids=["stream ends", "stream stays open"])
def test_responses_are_read_as_h11_reads_them(ends):
    chance = random.Random(9112)
    orders = [(mutated(chance), chance.choice(["GET", "GET", "GET", "HEAD"]), ends) for _ in range(STREAMS)]
    alike, unmeant = 0, []
    for order, ours in zip(orders, read_by_us(orders), strict=True):
        theirs = read_by_h11(*order)
        if not differs(ours, theirs, ends):
            alike += ours[0] == "complete"
        elif not is_meant(order[0], ours, theirs):
            unmeant.append(f"{order}\n  we:  {ours}\n  h11: {theirs}")
    assert not unmeant, f"{len(unmeant)} streams, first of them:\n" + "\n".join(unmeant[:5])
    assert alike > STREAMS / 10
