"""Turns an outcome into the tables that the terminal and the README show."""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks import targets
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.tables import NOTHING, Table, cell, in_columns, in_markdown, median_cell, number
from tests.benchmarks.targets import PEER

FAULTS = ("lost", "doubled", "disordered", "foreign")
REQUESTS = {"post": "take an order", "patch": "change one", "list": "list 50 of the open ones"}
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def all_tables(outcome: Outcome) -> list[Table]:
    """Return every table that has rows."""
    tables = [targets.table(outcome), *latency(outcome), capacity(outcome), *requests(outcome)]
    tables += [
        storms(outcome),
        memory(outcome),
        slow(outcome),
        soak(outcome),
        growth(outcome),
        faults(outcome),
        noise(outcome),
    ]
    return [table for table in tables if table.rows]


def on_terminal(outcome: Outcome) -> str:
    """Write everything for a terminal."""
    parts = [in_columns(table) for table in all_tables(outcome)]
    return "\n".join([headline(outcome), *parts, *notes(outcome)])


def in_readme(outcome: Outcome) -> str:
    """Write everything for the README, with the marks that it stands between."""
    parts = [in_markdown(table) for table in all_tables(outcome)]
    return "\n".join([BEGIN, headline(outcome), *parts, END, ""])


def headline(outcome: Outcome) -> str:
    """Say when, where and with what it was measured."""
    machine = outcome.machine
    lines = [
        f"Measured on {outcome.date}"
        + (f" at {outcome.commit}" if outcome.commit else "")
        + f", medians of {outcome.plan.get('rounds', 0)} rounds (least–most): {machine.get('cpu', '?')}, "
        f"{machine.get('cores', '?')} cores, {machine.get('memory', '?')}, {machine.get('kernel', '?')}; "
        + listed(outcome.services | {"python": machine.get("python", "?")})
        + "."
    ]
    for name, entry in outcome.entries.items():
        lines.append(f"{name}: {entry.missing or listed(entry.versions)}.")
    return "\n".join(lines) + "\n"


def listed(versions: dict[str, str]) -> str:
    """Write versions in a row."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def names_with(outcome: Outcome, beginning: str, ending: str) -> list[str]:
    """Return what stands between a beginning and an ending in the figures' names, in order of size."""
    found = {
        name.removeprefix(beginning).removesuffix(ending)
        for entry in outcome.entries.values()
        for name in entry.names()
        if name.startswith(beginning) and name.endswith(ending)
    }
    return sorted(found, key=lambda name: ([float(part) for part in name.split("@") if part.isdecimal()], name))


def latency(outcome: Outcome) -> Iterable[Table]:
    """Show how long an order is on its way to the screens, one table for each load."""
    for load in names_with(outcome, "latency.", ".last.p50_ms"):
        sockets, _, pace = load.partition("@")
        table = Table(
            f"From an order's first byte to the first, each and the last of {int(sockets):,} screens (ms), "
            f"{pace} orders/s.",
            (
                "", "first p50", "each p50", "each p99", "last p50", "last p95", "last p99", "last p95 to the peer's",
                "reading it takes the generator",
            ),
        )  # fmt: skip
        for name, entry in outcome.entries.items():
            at = f"latency.{load}"
            table.add(
                name,
                *(median_cell(entry.figure(f"{at}.{figure}_ms")) for figure in ("first.p50", "each.p50", "each.p99")),
                *(cell(entry.figure(f"{at}.last.{figure}_ms")) for figure in ("p50", "p95", "p99")),
                compared(outcome, name, f"{at}.last.p95_ms"),
                median_cell(entry.figure(f"{at}.generator_ms_per_order")),
            )
        yield table


def compared(outcome: Outcome, name: str, figure: str) -> str:
    """Write a contestant's figure divided by the peer's."""
    return NOTHING if name == PEER else cell(outcome.ratio(name, PEER, figure))


def capacity(outcome: Outcome) -> Table:
    """Show what a second of the server's CPU gives."""
    table = Table(
        "A CPU second of the server, taking orders as fast as its screens follow.",
        (
            "",
            "screens",
            "deliveries",
            "orders",
            "server busy",
            "generator busy",
            "generator's own deliveries per CPU s",
        ),
    )
    for sockets in names_with(outcome, "cpu.", ".deliveries_per_cpu_second"):
        if not sockets.isdecimal():
            continue
        for name, entry in outcome.entries.items():
            at = f"cpu.{sockets}"
            table.add(
                name,
                f"{int(sockets):,}" if entry.figure(f"{at}.server_busy") else NOTHING,
                cell(entry.figure(f"{at}.deliveries_per_cpu_second")),
                cell(entry.figure(f"{at}.orders_per_cpu_second")),
                median_cell(entry.figure(f"{at}.server_busy")),
                median_cell(entry.figure(f"{at}.generator_busy")),
                median_cell(entry.figure(f"{at}.generator_deliveries_per_cpu_second")),
            )
    return table


def requests(outcome: Outcome) -> Iterable[Table]:
    """Show what a till feels."""
    for kind, words in REQUESTS.items():
        at = f"http.{kind}"
        pace = next(iter(names_with(outcome, f"{at}.open", ".p50_ms")), "")
        table = Table(
            f"HTTP: {words} (ms; per second).",
            (
                "", f"p50 at {pace}/s", "p95", "p99", "alone p50", "alone p95", "8 at once p95",
                "8 at once, per second", "per CPU second", "to the peer's",
            ),
        )  # fmt: skip
        for name, entry in outcome.entries.items():
            table.add(
                name,
                *(cell(entry.figure(f"{at}.open{pace}.{share}_ms")) for share in ("p50", "p95", "p99")),
                *(median_cell(entry.figure(f"{at}.closed1.{share}_ms")) for share in ("p50", "p95")),
                median_cell(entry.figure(f"{at}.closed8.p95_ms")),
                median_cell(entry.figure(f"{at}.closed8.per_second")),
                cell(entry.figure(f"{at}.closed8.per_cpu_second")),
                compared(outcome, name, f"{at}.closed8.per_cpu_second"),
            )
        yield table


def storms(outcome: Outcome) -> Table:
    """Show how long it takes until all screens are live when they come at once."""
    table = Table(
        "All screens at once (ms until the last is live; caught up: has all that it missed, too).",
        ("", "screens", "first start", "return", "caught up", "server CPU per screen that returns"),
    )
    for sockets in names_with(outcome, "storm.connect.", ".all_live_ms"):
        for name, entry in outcome.entries.items():
            back = f"storm.return.{sockets}"
            table.add(
                name,
                f"{int(sockets):,}" if entry.figure(f"storm.connect.{sockets}.live") else NOTHING,
                cell(entry.figure(f"storm.connect.{sockets}.all_live_ms")),
                cell(entry.figure(f"{back}.all_live_ms")),
                cell(entry.figure(f"{back}.caught_up_ms")),
                median_cell(entry.figure(f"{back}.cpu_ms_per_screen")),
            )
    return table


def memory(outcome: Outcome) -> Table:
    """Show what an idle screen costs in memory."""
    counts = names_with(outcome, "memory.", ".kib_per_socket")
    table = Table(
        "Memory of the server (KiB).", ("", "without sockets", *(f"each of {int(count):,}" for count in counts))
    )
    for name, entry in outcome.entries.items():
        table.add(
            name,
            median_cell(entry.figure("memory.empty_kib")),
            *(cell(entry.figure(f"memory.{count}.kib_per_socket")) for count in counts),
        )
    return table


def slow(outcome: Outcome) -> Table:
    """Show what a screen that stops reading does to the others and to the server."""
    table = Table(
        "One screen stops reading: the last of the others (p99, ms), the server's memory (KiB), when it is cut (s).",
        ("", "orders", "without", "beside it", "memory grown", "cut after"),
    )
    for name, entry in outcome.entries.items():
        table.add(
            name,
            median_cell(entry.figure("slow.orders")),
            median_cell(entry.figure("slow.without.p99_ms")),
            median_cell(entry.figure("slow.beside.p99_ms")),
            median_cell(entry.figure("slow.grown_kib")),
            median_cell(entry.figure("slow.cut_after_seconds")),
        )
    return table


def soak(outcome: Outcome) -> Table:
    """Show what many screens do over many minutes."""
    table = Table(
        "The soak.",
        ("", "sockets", "minutes", "first KiB", "last KiB", "KiB a minute", "longest wait for a heartbeat, s"),
    )
    for name, entry in outcome.entries.items():
        names = ("sockets", "minutes", "first_kib", "last_kib", "slope_kib_per_minute", "longest_silence_seconds")
        table.add(name, *(median_cell(entry.figure(f"soak.{figure}")) for figure in names))
    return table


def growth(outcome: Outcome) -> Table:
    """Show how costs grow with the data."""
    sizes = [str(size) for size in outcome.growth.get("sizes", [])]
    table = Table(
        "Growth: ms of CPU by the number of orders (ten events each).",
        ("", *(f"{int(size):,}" for size in sizes), "last to first", "noise"),
    )
    for row in outcome.growth.get("operations", []):
        figures = row["cpu_milliseconds"] or row["milliseconds"]
        table.rows.append(
            (row["title"], *(number(figures[size]) for size in sizes), number(row["ratio"]), f"{row['noise']:.0%}")
        )
    return table


def faults(outcome: Outcome) -> Table:
    """Show what must be zero."""
    table = Table("Over all runs, all screens.", ("", "lost", "doubled", "out of order", "foreign"))
    for name, entry in outcome.entries.items():
        if entry.rounds:
            table.rows.append((name, *(f"{entry.faults.get(fault, 0):,}" for fault in FAULTS)))
    return table


def noise(outcome: Outcome) -> Table:
    """Show what else the machine was doing."""
    spins = names_with(outcome, "noise.spin_", "_ms")
    table = Table(
        "The machine: a fixed piece of work before each match (ms), and what others and the host took of all cores.",
        ("", *(f"work, {spin.replace('core', 'core ')}" for spin in spins), "others %", "host %"),
    )
    for name, entry in outcome.entries.items():
        table.add(
            name,
            *(cell(entry.figure(f"noise.spin_{spin}_ms")) for spin in spins),
            *(percent(outcome, name, f"noise.{who}_share") for who in ("others", "stolen")),
        )
    return table


def percent(outcome: Outcome, name: str, figure: str) -> str:
    """Write a share, the median and the most, in percent."""
    found = outcome.figure(name, figure)
    return NOTHING if found is None else f"{100 * found.median:.1f} (–{100 * found.most:.1f})"


def notes(outcome: Outcome) -> list[str]:
    """Return what a reader must know about single contestants."""
    lines = [f"{name}: {note}" for name, entry in outcome.entries.items() for note in entry.notes]
    return ["Notes", *(f"  {line}" for line in lines), ""] if lines else []
