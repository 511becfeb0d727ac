# SPDX-License-Identifier: MIT
"""Counts one part of a check: count.py JUNIT_XML LOG EXIT_CODE prints "PASSED FAILED SKIPPED", and then for each reason of
a skipped test a line "skipped N: REASON"."""
import collections
import re
import sys
import xml.etree.ElementTree


def count_junit(path):
    passed = failed = 0
    reasons = collections.Counter()
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            failed += 1
        elif skipped is not None:
            reasons[" ".join((skipped.get("message") or "no reason given").split())] += 1
        else:
            passed += 1
    return passed, failed, reasons


def count_lines(path):
    """The counts of a part that ends in them, as tests/run does."""
    passed = failed = 0
    reasons = collections.Counter()
    for line in open(path, encoding="utf-8", errors="replace"):
        if match := re.fullmatch(r"(\d+) passed, (\d+) failed(?:, \d+ skipped)?\s*", line):
            passed, failed = int(match[1]), int(match[2])
        elif match := re.fullmatch(r"skipped (\d+): (.+)\s*", line):
            reasons[match[2].rstrip()] += int(match[1])
    return passed, failed, reasons


def main(junit, log, code):
    try:
        passed, failed, reasons = count_junit(junit)
    except (OSError, xml.etree.ElementTree.ParseError):
        passed, failed, reasons = count_lines(log)
    # A part that failed has at least one failure, whatever was counted.
    print(passed, max(failed, 1 if int(code) else 0), reasons.total())
    for reason, times in reasons.items():
        print(f"skipped {times}: {reason}")


main(*sys.argv[1:])
