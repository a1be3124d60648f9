"""Tables for people: in columns on a terminal, in Markdown for the README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.figures import Rounds


@dataclass(slots=True)
class Table:
    """A heading, a sentence on how to read it, columns and rows; the first column is text, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    legend: str = ""

    def add(self, *cells: str) -> None:
        """Add a row, unless nothing in it was measured."""
        if any(cell != NOTHING for cell in cells[1:]):
            self.rows.append(cells)


NOTHING = "–"


def number(value: float) -> str:
    """Write a figure with as many digits as are worth reading: three, and none after the point from 100 on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cell(rounds: Rounds | None) -> str:
    """Write a figure over the rounds: the median, and beside it the least and the most."""
    if rounds is None:
        return NOTHING
    if rounds.least == rounds.most:
        return number(rounds.median)
    return f"{number(rounds.median)} ({number(rounds.least)}–{number(rounds.most)})"


def median_cell(rounds: Rounds | None) -> str:
    """Write a figure's median alone."""
    return NOTHING if rounds is None else number(rounds.median)


def in_columns(table: Table) -> str:
    """Write a table for a terminal."""
    lines = [table.title, *([f"  {table.legend}"] if table.legend else [])]
    rows = [table.columns, *table.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    for row in rows:
        first, *rest = (
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  " + "  ".join([first, *rest]).rstrip())
    return "\n".join(lines) + "\n"


def in_markdown(table: Table) -> str:
    """Write a table for the README."""
    lines = [f"**{table.title}**" + (f" {table.legend}" if table.legend else ""), ""]
    lines += [_line(table.columns), _line(["---", *(["---:"] * (len(table.columns) - 1))])]
    lines += [_line(row) for row in table.rows]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"
