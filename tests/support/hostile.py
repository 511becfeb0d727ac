# SPDX-License-Identifier: MIT
"""The faults of callers that tests/support/hostile_row.h describes, as a program of the build prints them. As a program of its own
it prints the table of docs/hostile.md."""
import functools
import os
import pathlib
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("APIG_SIDECAR_BUILD", "build/release") / "hostile_rows"
ERRORS = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
          "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM")
CODES = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
         "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
         "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")
OWN = "its own response"


@dataclass(frozen=True)
class Row:
    """A fault. `outcome` and `code` say how its stream ends, or the connection."""
    name: str
    outcome: str
    code: int
    stream: int
    data: bytes

    @property
    def culprit(self):
        """The end of the call at fault, in words."""
        code, error = CODES[self.code], ERRORS[min(self.code, len(ERRORS) - 1)]
        return {
            "SERVED": OWN if code == "OK" else code,
            "STATUS": code, "RESET": f"RST_STREAM {error}", "PENDING": "nothing until its deadline",
            "CONNECTION": f"GOAWAY {error}"}[self.outcome]

    @property
    def neighbour(self):
        return f"{OWN}; new calls need a new connection" if self.outcome == "CONNECTION" else OWN


@functools.lru_cache(None)
def rows():
    """All rows, by name."""
    printed = subprocess.run([PROGRAM], check=True, stdout=subprocess.PIPE, text=True).stdout
    fields = (line.split("\t") for line in printed.splitlines())
    return {name: Row(name, outcome, int(code), int(stream), bytes.fromhex(data))
            for name, outcome, code, stream, data in fields}


def table():
    """The lines of docs/hostile.md's table of them."""
    heads = ["fault", "its caller gets", "its neighbour gets"]
    return [heads, ["---"] * len(heads), *([row.name, row.culprit, row.neighbour] for row in rows().values())]


def markdown():
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table())


if __name__ == "__main__":
    print(markdown())
