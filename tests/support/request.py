# SPDX-License-Identifier: MIT
"""The reader of the requests of the sidecar: every byte is either expected or a fault."""
import json
import re
from dataclasses import dataclass

from support import signature

HEAD_BYTES = 160 * 1024
FIELDS = re.compile(
    r"host|content-type|content-length|accept|accept-encoding|user-agent|x-auth-token|x-request-id"
    r"|traceparent|tracestate|b3|x-b3-[a-z]+|authorization|x-sdk-date|x-project-id|x-security-token")
REQUEST_LINE = re.compile(rb"([A-Z]+) (/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})*) HTTP/1\.1")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([!-~](?:[ !-~]*[!-~])?)")
PATH_FIELDS = {"project_id", "instance_id", "group_id", "domain_id", "certificate_id", "response_id", "response_type"}


class Unexpected(Exception):
    """Bytes that the sidecar must not send."""


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    fields: dict  # by lower-case name
    body: bytes
    raw: bytes

    @property
    def token(self):
        return self.fields.get("x-auth-token", "")

    def json(self):
        return read_json(self.body)


class Reader:
    """Bytes of a connection, with those that were read too far kept for the next reader."""

    def __init__(self, receive):
        self.receive = receive
        self.ahead = b""

    def until(self, mark, most):
        """Reads up to and including the mark; None when the peer ended before the first byte."""
        while mark not in self.ahead:
            if len(self.ahead) > most:
                raise Unexpected(f"a request head of more than {most} bytes")
            if not self.fill():
                if self.ahead:
                    raise Unexpected(f"the connection ended inside a request head: {self.ahead!r}")
                return None
        return self.take(self.ahead.index(mark) + len(mark))

    def exactly(self, count):
        while len(self.ahead) < count:
            if not self.fill():
                raise Unexpected(f"the connection ended after {len(self.ahead)} of {count} bytes of the body")
        return self.take(count)

    def fill(self):
        piece = self.receive(65536)
        self.ahead += piece
        return bool(piece)

    def take(self, count):
        taken, self.ahead = self.ahead[:count], self.ahead[count:]
        return taken


def read_request(reader, authority):
    """Reads one request strictly (RFC 9112); None when the peer ended instead of sending one."""
    head = reader.until(b"\r\n\r\n", HEAD_BYTES)
    if head is None:
        return None
    first, *lines = head[:-4].split(b"\r\n")
    method, target = read_request_line(first)
    fields = read_fields(lines)
    check_fields(fields, method, authority)
    body = reader.exactly(int(fields.get("content-length", "0")))
    if body:
        check_body(body)
    if reader.ahead:
        raise Unexpected(f"bytes behind the request, which is pipelining: {reader.ahead!r}")
    return Request(method, target, fields, body, head + body)


def read_request_line(line):
    match = REQUEST_LINE.fullmatch(line)
    if not match:
        raise Unexpected(f"a request line that is no origin-form request: {line!r}")
    target = match[2].decode()
    segments = target.partition("?")[0].split("/")[1:]
    if any(segment.upper().replace("%2E", ".") in ("", ".", "..") for segment in segments):
        raise Unexpected(f"an empty or dot segment in the path: {target}")
    return match[1].decode(), target


def read_fields(lines):
    fields = {}
    for line in lines:
        match = FIELD_LINE.fullmatch(line)
        if not match:
            raise Unexpected(f"a field line of the wrong form: {line!r}")
        name = match[1].decode().lower()
        if name in fields:
            raise Unexpected(f"field {name} twice")
        if not FIELDS.fullmatch(name):
            raise Unexpected(f"field {name}, which must not go upstream")
        fields[name] = match[2].decode()
    return fields


def check_fields(fields, method, authority):
    if fields.get("host") != authority:
        raise Unexpected(f"Host is {fields.get('host')!r}, not {authority!r}")
    check_credential(fields)
    if method not in ("POST", "PUT", "PATCH"):
        return
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", fields.get("content-length", "")):
        raise Unexpected(f"Content-Length of {method} is {fields.get('content-length')!r}")
    if not fields.get("content-type", "").startswith("application/json"):
        raise Unexpected(f"Content-Type is {fields.get('content-type')!r}")


def check_credential(fields):
    """A token alone, or a signature of all that may be signed and was sent."""
    signed = fields.keys() & {"authorization", "x-sdk-date", "x-project-id", "x-security-token"}
    if ("x-auth-token" in fields) == bool(signed):
        raise Unexpected(f"neither a token alone nor a signature alone: {sorted(fields)}")
    if not signed:
        return
    match = signature.AUTHORIZATION.fullmatch(fields.get("authorization", ""))
    if not match or set(match[2].split(";")) != fields.keys() & signature.SIGNED:
        raise Unexpected(f"a signature of other fields than there are: {fields.get('authorization')!r}, {sorted(fields)}")


def check_body(body):
    read = read_json(body)
    if not isinstance(read, dict):
        raise Unexpected(f"the body is no JSON object: {body!r}")
    if PATH_FIELDS & read.keys():
        raise Unexpected(f"fields of the path in the body: {sorted(PATH_FIELDS & read.keys())}")


def read_json(body):
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
    except ValueError as error:
        raise Unexpected(f"the body is not JSON ({error}): {body!r}") from error


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unexpected(f"a duplicate key in the body: {[name for name, _ in pairs]}")
    return members


def refuse(constant):
    raise Unexpected(f"{constant} in the body")
