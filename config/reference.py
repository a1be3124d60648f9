"""The table of the API's addresses that the README carries, out of the OpenAPI document."""

from __future__ import annotations

from collections import defaultdict

from config.schema import document
from orders.api.documents import Schema


def addresses_table() -> str:
    """Return each address with what its methods do, by subject."""
    subjects: dict[str, list[str]] = defaultdict(list)
    for path, operations in document()["paths"].items():
        lines = [_line(method, operation["summary"], operations) for method, operation in operations.items()]
        does = "; ".join(filter(None, lines))
        (subject,) = {operation["tags"][0] for operation in operations.values()}
        subjects[subject].append(f"| `{path}` | {does} |")
    rows = ["| address | |", "| --- | --- |"]
    for subject in sorted(subjects):
        rows += [f"| *{subject}* | |", *subjects[subject]]
    return "\n".join(rows)


def _line(method: str, summary: str, operations: Schema) -> str:
    """Return what one method does; nothing for a PATCH that is the same as the PUT beside it."""
    if method == "patch" and "put" in operations:
        return ""
    names = "PUT, PATCH" if method == "put" and "patch" in operations else method.upper()
    return f"**{names}** {summary[0].lower()}{summary[1:].rstrip('.')}"
