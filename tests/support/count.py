# SPDX-License-Identifier: MIT
"""Prints "PASSED FAILED" of one part of a check: count.py JUNIT_XML LOG EXIT_CODE."""
import re
import sys
import xml.etree.ElementTree


def count_junit(path):
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def count_last_line(path):
    lines = open(path, encoding="utf-8", errors="replace").read().split("\n")
    for line in reversed(lines):
        if match := re.fullmatch(r"(\d+) passed, (\d+) failed\s*", line):
            return int(match[1]), int(match[2])
    return 0, 0


def count(junit, log, code):
    try:
        passed, failed = count_junit(junit)
    except (OSError, xml.etree.ElementTree.ParseError):
        passed, failed = count_last_line(log)
    # A part that failed has at least one failure, whatever was counted.
    return passed, max(failed, 1 if code else 0)


print(*count(sys.argv[1], sys.argv[2], int(sys.argv[3])))
