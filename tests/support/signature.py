# SPDX-License-Identifier: MIT
"""
Signatures of requests as the vendor's gateway checks them (SDK-HMAC-SHA256), from the description of the algorithm and
with none of the program's code.
"""
import datetime
import hashlib
import hmac
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass

AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 Access=([!-+\--~]+), SignedHeaders=([a-z0-9-]+(?:;[a-z0-9-]+)*), Signature=([0-9a-f]{64})")
DATE = "%Y%m%dT%H%M%SZ"
SIGNED = {"content-type", "host", "x-project-id", "x-sdk-date", "x-security-token"}
MOST_SKEW_SECONDS = 15 * 60
MOST_FAILURES = 5  # in a row; one more locks the key
WRONG = "Incorrect IAM authentication information: "


@dataclass(frozen=True)
class Key:
    access: str
    secret: str
    security_token: str = ""

    @property
    def files(self):
        """The files of a mounted Secret."""
        files = {"ak": self.access, "sk": self.secret, "security_token": self.security_token}
        return {name: value for name, value in files.items() if value}


def read_key(directory):
    """The key in a directory of that form."""
    parts = [directory / name for name in ("ak", "sk", "security_token")]
    return Key(*(part.read_text().strip() for part in parts if part.exists()))


def encoded(text):
    return urllib.parse.quote(text, safe="-_.~")


def canonical_path(path):
    decoded = urllib.parse.unquote_to_bytes(path)
    made = "/".join(encoded(segment) for segment in decoded.split(b"/"))
    return made if made.endswith("/") else made + "/"


def canonical_query(query):
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    decoded = sorted((urllib.parse.unquote_to_bytes(name), urllib.parse.unquote_to_bytes(value)) for name, value in pairs)
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in decoded)


def canonical_request(method, target, fields, body, names):
    """`fields` by lower-case name; `names` are those that are signed."""
    path, _, query = target.partition("?")
    lines = [method, canonical_path(path), canonical_query(query), *(f"{name}:{fields[name].strip()}" for name in names),
             "", ";".join(names), hashlib.sha256(body).hexdigest()]
    return "\n".join(lines)


def signature(secret, date, canonical):
    text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Verifier:
    """
    The keys that are known, and the gateway's rules: refusal() returns the words of the refusal of a request, or None.
    The gateway's clock is ours plus `skew` seconds. A key that fails six times in a row is locked for five minutes.
    """

    def __init__(self, *keys, skew=0):
        self.keys, self.skew = list(keys), skew
        self.failures = {}  # access key → failures in a row
        self.locked = {}  # access key → end of its lock, of time.monotonic
        self.accepted = []  # access keys, in the order of their requests
        self.lock = threading.Lock()

    @property
    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.skew)

    @property
    def date(self):
        """The value of a Date field."""
        return f"{self.now:%a, %d %b %Y %H:%M:%S} GMT"

    def refusal(self, method, target, fields, body):
        match = AUTHORIZATION.fullmatch(fields.get("authorization", ""))
        if not match:
            return WRONG + "x-auth-token not found"
        with self.lock:
            return self.judge(match, method, target, fields, body)

    def judge(self, match, method, target, fields, body):
        access, names, given = match.groups()
        if self.locked.get(access, 0) > time.monotonic():
            return WRONG + "AK access failed to reach the limit,forbidden."
        wrong = self.fault(access, names.split(";"), given, (method, target, fields, body))
        if not wrong:
            self.failures[access] = 0
            self.accepted.append(access)
            return None
        self.failures[access] = self.failures.get(access, 0) + 1
        if self.failures[access] > MOST_FAILURES:
            self.locked[access] = time.monotonic() + 300
        return WRONG + wrong

    def fault(self, access, names, given, request):
        method, target, fields, body = request
        key = next((key for key in self.keys
                    if key.access == access and key.security_token == fields.get("x-security-token", "")), None)
        if not key:
            return f"Get secretKey failed,ak:{access},err:ak not exist"
        sent = datetime.datetime.strptime(fields["x-sdk-date"], DATE).replace(tzinfo=datetime.timezone.utc)
        if abs((sent - self.now).total_seconds()) > MOST_SKEW_SECONDS:
            return (f"calc ak sk signature fail:signature expired, signature time:{sent:{DATE}},"
                    f"server time:{self.now:{DATE}}")
        canonical = canonical_request(method, target, fields, body, names)
        if not hmac.compare_digest(signature(key.secret, fields["x-sdk-date"], canonical), given):
            return f"verify aksk signature fail, canonicalRequest:{canonical.replace(chr(10), '|')}"
        return None
