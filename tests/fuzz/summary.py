"""Prints failures by what they have in common, each with one request that shows it. usage: summary.py FILE"""

import json
import re
import sys


def reasons(failure):
    """What was refused, or why an answer is wrong; places in arrays and trees do not tell failures apart."""
    problem = failure["problem"]
    if failure["failure"] == "AcceptedNegativeData":
        return [" ".join((failure["case"] or "").split())[:200]]
    if failure["failure"] != "RejectedPositiveData":
        return [" ".join(failure["message"].split())[:300]]
    if problem.get("code") == "validation_failed":
        return [f"{error['code']} {place(error['pointer'])}" for error in problem["errors"]]
    meta = problem.get("meta") or {}
    details = [meta.get(name) for name in ("parameter", "header", "expected")]
    return [" ".join(str(part) for part in (problem.get("code"), *details) if part)]


def place(pointer):
    pointer = re.sub(r"/\d+(?=/|$)", "/*", pointer)
    return re.sub(r"^(/filter|/operations/\*/data)/.+/", r"\1/…/", pointer)


groups = {}
with open(sys.argv[1], encoding="utf-8") as file:
    for failure in map(json.loads, file):
        for reason in reasons(failure):
            groups.setdefault((failure["failure"], failure["status"], reason), []).append(failure)
for (kind, status, reason), failures in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]))):
    operations = sorted({failure["operation"] for failure in failures})
    shown = min(failures, key=lambda failure: len(failure["request"]) + len(failure["body"]))
    print(f"{len(failures):6} {kind} {status} {reason}")
    print(f"       {len(operations)} operations: {', '.join(operations[:3])}{' …' if len(operations) > 3 else ''}")
    print(f"       {shown['request'][:500]} {shown['body'][:500]}")
    print(f"       {json.dumps(shown['headers'])[:300]}")
