"""The plans that PostgreSQL makes for an operation, and what they read: figures without noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tests.benchmarks.growing.loading import LARGE_TABLES
from tests.benchmarks.growing.operations import Grown, Operation

_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(slots=True)
class Statement:
    """One statement of an operation with its plan, as EXPLAIN tells it in JSON."""

    sql: str
    plan: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        """Walk over the plan."""
        waiting = [self.plan]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])

    @property
    def buffers(self) -> int:
        """Pages that were read, from memory or not."""
        return int(self.plan["Shared Hit Blocks"] + self.plan["Shared Read Blocks"])

    @property
    def rows(self) -> int:
        """Rows of large tables that were looked at, whether they were wanted or not."""
        looked_at: float = sum(
            node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(name, 0) for name in _REMOVED))
            for node in self.nodes()
            if node.get("Relation Name") in LARGE_TABLES and node["Node Type"].endswith("Scan")
        )
        return round(looked_at)

    @property
    def seq_scans(self) -> list[str]:
        """The large tables that were read from one end to the other."""
        return [
            node["Relation Name"]
            for node in self.nodes()
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE_TABLES and node["Actual Loops"]
        ]

    @property
    def indexes(self) -> set[str]:
        """The indexes that were read."""
        return {node["Index Name"] for node in self.nodes() if "Index Name" in node}


@dataclass(slots=True)
class Explained:
    """All statements of one operation."""

    title: str
    statements: list[Statement] = field(default_factory=list)

    @property
    def buffers(self) -> int:
        """Pages that were read by all statements together."""
        return sum(statement.buffers for statement in self.statements)

    @property
    def rows(self) -> int:
        """Rows of large tables that were looked at by all statements together."""
        return sum(statement.rows for statement in self.statements)

    @property
    def seq_scans(self) -> list[str]:
        """The large tables that were read from one end to the other."""
        return [table for statement in self.statements for table in statement.seq_scans]

    def text(self) -> str:
        """Write the statements and plans for a person to read."""
        parts = [f"## {self.title}: {len(self.statements)} statements, {self.buffers} buffers, {self.rows} rows"]
        for statement in self.statements:
            parts += [statement.sql, *_lines(statement.plan), ""]
        return "\n".join(parts)


def _lines(node: dict[str, Any], depth: int = 0) -> Iterator[str]:
    names = (node.get("Index Name"), node.get("Relation Name"), node.get("CTE Name"))
    on = " ".join(name for name in names if name)
    conditions = "; ".join(
        f"{key}: {node[key]}" for key in ("Index Cond", "Recheck Cond", "Filter", "Sort Key") if key in node
    )
    yield (
        f"{'  ' * depth}-> {node['Node Type']} {on} rows={node['Actual Rows']} loops={node['Actual Loops']}"
        f" removed={node.get('Rows Removed by Filter', 0)}"
        f" buffers={node['Shared Hit Blocks'] + node['Shared Read Blocks']} {conditions}"
    )
    for child in node.get("Plans", []):
        yield from _lines(child, depth + 1)


def explain(operation: Operation, grown: Grown) -> Explained:
    """Run an operation with a plan taken of each of its statements."""
    explained = Explained(operation.title)

    def take(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(_EXPLAINED) and "ADVISORY" not in sql.upper():
            explained.statements.append(Statement(" ".join(sql.split()), _plan(sql, params)))
        return execute(sql, params, many, context)

    with grown.restored() if operation.writes else nullcontext():
        operation.run(grown)  # warm, so that catalogues and hint bits are no part of it
        with connection.execute_wrapper(take):
            operation.run(grown)
    return explained


def _plan(sql: str, params: Any) -> dict[str, Any]:
    """Run a statement under EXPLAIN, and take back what it did."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        in_transaction = not connection.get_autocommit()
        cursor.execute("SAVEPOINT growth" if in_transaction else "BEGIN")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) {sql}", params)
        ((plans,),) = cursor.fetchall()
        cursor.execute("ROLLBACK TO SAVEPOINT growth" if in_transaction else "ROLLBACK")
    document = json.loads(plans) if isinstance(plans, str) else plans
    plan: dict[str, Any] = document[0]["Plan"]
    return plan


def unused_indexes() -> list[str]:
    """Return the large tables' indexes that nothing has read since they were made, and that enforce nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT indexrelname FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid)"
            " WHERE relname = ANY(%s) AND idx_scan = 0 AND NOT indisunique ORDER BY 1",
            [list(LARGE_TABLES)],
        )
        return [row[0] for row in cursor.fetchall()]
