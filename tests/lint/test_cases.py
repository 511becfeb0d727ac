# SPDX-License-Identifier: MIT
"""Does each row of docs/statuses.md that decides a status have a folder in tests/cases?"""
import functools
import json
import re

import pytest
from sources import ROOT, read

CASES = ROOT / "tests/cases"


def cells(line):
    return [cell.strip(" `") for cell in line.strip("|\n").split("|")]


def rows(table):
    """Returns the rows of the page's n-th table in their order."""
    tables = re.findall(r"^\|[^\n]*\n\|---[^\n]*\n((?:\|[^\n]*\n)+)", read("docs/statuses.md"), re.M)
    return [cells(line) for line in tables[table].splitlines()]


def numbers(text):
    """"0103–0107" to 103 and 107, "405" to 405 twice; anything else to all that there are."""
    found = [int(number) for number in re.findall(r"\d+", text)]
    return (found[0], found[-1]) if found else (0, 999)


def holds(condition, response):
    """Returns whether a response meets the condition of a row beside the status: a field in `…`, or a page with the text in "…"."""
    head, _, body = response.partition(b"\r\n\r\n")
    fields = re.findall(r"`([\w-]+)`?", condition)
    words = re.findall(r'"([^"]+)"', condition)
    return not condition or any(f"\r\n{field}:".lower().encode() in head.lower() for field in fields) or any(
        text.encode() in body for text in words)


VENDOR_ROWS = [(code.partition(".")[0], *numbers(code), status, grpc) for code, status, _, grpc, *_ in rows(0)]
HTTP_ROWS = [(*numbers(status), status.partition(" with ")[2], grpc) for status, grpc, *_ in rows(1)]


def row_of(status, code, response):
    """Returns the first row that decides a response with that HTTP status and error code."""
    if match := re.fullmatch(r"(API[A-Z]+)\.(\d{4})", code):
        prefix, number = match[1], int(match[2])
        if prefix == "APIG" and number < 1000:
            prefix = "APIGW"
        for row in VENDOR_ROWS:
            if row[0] == prefix and row[1] <= number <= row[2] and row[3] in ("any", str(status)):
                return row
    return next(row for row in HTTP_ROWS if row[0] <= status <= row[1] and holds(row[2], response))


@functools.lru_cache(None)
def proven():
    """Returns {row: gRPC codes that the cases of errors expect}."""
    seen = {}
    for folder in CASES.glob("error_*"):
        response = (folder / "response.http").read_bytes()
        code = re.search(rb'"error_code":"([\w.]+)"', response)
        row = row_of(int(response.split()[1]), code[1].decode() if code and "body_is" not in folder.name else "", response)
        seen.setdefault(row, set()).add(json.loads((folder / "expect.json").read_text(encoding="utf-8"))["code"])
    return seen


@pytest.mark.parametrize("row", VENDOR_ROWS + HTTP_ROWS, ids=lambda row: "-".join(map(str, row)))
def test_every_row_of_the_tables_has_a_case(row):
    assert row[-1] in proven().get(row, ())
