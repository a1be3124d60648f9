"""What is done to Brigade during a run, as it would come: a fault begins, it ends, and what it broke is put right.

A fault is an async context manager. Its body up to the ``yield`` is the disturbance; it yields the clients that it
hit. From there the time is taken until all of them are caught up. What comes after the ``yield`` mends what is left.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from realtime.audiences import Audience
from tests.flows.reconcile.crashing import DIED
from tests.flows.reconcile.layer import Disturbance
from tests.flows.reconcile.mirrors import Mirror
from tests.flows.reconcile.record import Seat
from tests.flows.reconcile.screens import SILENCE_SECONDS, Screen, Wish

if TYPE_CHECKING:
    from tests.flows.reconcile.run import Run

PRUNED_BEHIND = 50
MOST_REPLAYED = 2000
STORM_OPENING = 25
IN_COMPANY = 0.3
ELSEWHERE = "00000000-0000-4000-8000-000000000000"


@dataclass
class Hit:
    """Whom a fault has hit; after a silent one nothing more is written until they are caught up."""

    screens: list[Screen]
    is_silent: bool = False


Body = Callable[["Run", random.Random], AsyncIterator[Hit]]
FAULTS: dict[str, Callable[[Run, random.Random], AbstractAsyncContextManager[Hit]]] = {}
# {fault: what it breaks}; two that break different things may come at once.
BREAKS: dict[str, str] = {}


def fault(kind: str, *, breaks: str = "") -> Callable[[Body], Body]:
    """Put a fault on the list, under the name that the report has."""

    def put(body: Body) -> Body:
        FAULTS[kind] = asynccontextmanager(body)
        if breaks:
            BREAKS[kind] = breaks
        return body

    return put


def company(kind: str, kinds: list[str], rng: random.Random) -> str | None:
    """Choose what happens at the same time as a fault: mostly nothing."""
    others = [other for other in kinds if BREAKS.get(other, BREAKS.get(kind)) != BREAKS.get(kind)]
    return rng.choice(others) if kind in BREAKS and others and rng.random() < IN_COMPANY else None


def deck(seed: str, kinds: list[str]) -> list[str]:
    """Return the faults in the order in which a round deals them."""
    dealt = sorted(kinds)
    random.Random(seed).shuffle(dealt)
    return dealt


# App processes


@fault("app process killed", breaks="app")
async def kill_app(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    app = rng.choice(run.servers.apps)
    run.doubt_those_at(app)
    await run.do(app.kill)
    yield Hit(run.steady)
    await run.do(app.start)


@fault("app processes replaced", breaks="app")
async def roll_apps(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    for app in rng.sample(run.servers.apps, len(run.servers.apps)):
        run.doubt_those_at(app)
        await run.do(app.end)
        await run.do(app.start)
    yield Hit(run.steady)


@fault("app process frozen", breaks="app")
async def freeze_app(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    app = rng.choice(run.servers.apps)
    await run.do(app.freeze)
    try:
        # Now and then for so long that its clients give it up.
        await asyncio.sleep(rng.choice((1.0, 2.0, 4.0, SILENCE_SECONDS + 2)))
    finally:
        await run.do(app.thaw)
    yield Hit(run.steady)


# Valkey


@fault("Valkey killed", breaks="layer")
async def kill_valkey(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    await run.do(run.servers.kill_valkey)
    await asyncio.sleep(rng.uniform(1.0, 4.0))
    await run.do(run.servers.start_valkey)
    yield Hit(run.steady)


@fault("Valkey restarted empty", breaks="layer")
async def restart_valkey(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    await run.do(run.servers.kill_valkey)
    await run.do(run.servers.start_valkey)
    yield Hit(run.steady)


@fault("Valkey frozen", breaks="layer")
async def freeze_valkey(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    await run.do(run.servers.freeze_valkey)
    try:
        await asyncio.sleep(rng.uniform(2.0, 6.0))
    finally:
        await run.do(run.servers.thaw_valkey)
    yield Hit(run.steady)


@fault("layer disturbed", breaks="layer")
async def disturb_layer(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    dropped, doubled, swapped, delayed = (rng.choice((0.0, 0.2, 0.5, 1.0)) for _ in range(4))
    how = Disturbance(
        dropped=min(dropped, 0.5), doubled=doubled, swapped=swapped, delayed=delayed,
        delay_seconds=rng.uniform(0.05, 2.0), seed=rng.randrange(10**6),
    )  # fmt: skip
    await run.do(lambda: run.servers.disturb(how))
    with run.burst():
        await asyncio.sleep(rng.uniform(2.0, 5.0))
    await run.do(lambda: run.servers.disturb(Disturbance()))
    yield Hit(run.steady)


# PostgreSQL


@fault("PostgreSQL restarted", breaks="database")
async def restart_postgres(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    down_seconds = rng.uniform(0.0, 2.0)
    await run.do(lambda: run.servers.restart_postgres(down_seconds))
    yield Hit(run.steady)


@fault("PostgreSQL connections terminated", breaks="database")
async def terminate_connections(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    for _ in range(rng.randint(1, 3)):
        await run.do(run.servers.terminate_connections)
        await asyncio.sleep(rng.uniform(0.0, 0.5))
    yield Hit(run.steady)


# The network


def some(run: Run, rng: random.Random) -> list[Screen]:
    return rng.sample(run.steady, max(1, len(run.steady) * rng.choice((1, 2, 4)) // 4))


@fault("clients cut", breaks="network")
async def cut_clients(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    hit = some(run, rng)
    for screen in hit:
        screen.doubt()
    run.balancer.cut(screen.port for screen in hit)
    yield Hit(hit)


@fault("clients half-open")
async def half_open(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    """The connection is there for both ends and carries nothing; the fault ends when the client has noticed."""
    hit = some(run, rng)
    before = {screen: screen.port for screen in hit}
    run.balancer.freeze(before.values())
    for screen in hit:
        screen.doubt()
    async with asyncio.timeout(2 * SILENCE_SECONDS):
        while any(screen.port == port and screen.is_connected for screen, port in before.items()):
            await asyncio.sleep(0.02)
    yield Hit(hit)
    run.later(90.0, lambda: run.balancer.cut(before.values()))


@fault("clients stalled", breaks="network")
async def stall_clients(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    ports = [screen.port for screen in some(run, rng)]
    run.balancer.freeze(ports)
    await asyncio.sleep(rng.uniform(1.0, 6.0))
    run.balancer.thaw(ports)
    yield Hit(run.steady)


@fault("connections cut under the writers", breaks="network")
async def cut_everything(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    """Whatever goes through the balancer is torn, again and again, requests in the middle included."""
    with run.burst():
        for _ in range(rng.randint(3, 6)):
            await asyncio.sleep(rng.uniform(0.05, 0.4))
            for screen in run.steady:
                screen.doubt()
            run.balancer.cut(list(run.balancer.links))
    yield Hit(run.steady)


# What only the table knows


@fault("publisher killed after COMMIT")
async def crash_publisher(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    """Nobody is told of the last events, and nothing follows that would show the gap."""
    house = rng.choice(run.houses)
    what = rng.choice(("order", "alert"))
    pace = run.paces[house.restaurant_id]
    await pace.silence()
    try:
        ended = await run.do(lambda: run.servers.crash_publisher(run.key, house.slug, what))
        if ended != DIED:
            run.ledger.complaints.append(("the publisher that was to die", f"it ended with {ended}"))
        yield Hit([screen for screen in run.steady if screen.record.restaurant_id == house.restaurant_id], True)
    finally:
        pace.resume()


# Joining


@fault("joins in a burst")
async def join_in_burst(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    """New clients come while the stream runs: with nothing, with a snapshot, with an older cursor, room by room."""
    house = rng.choice(run.houses)
    streams = await run.read_on()
    epoch, head = run.table.streams[house.restaurant_id].epoch, streams[house.restaurant_id]
    rooms = ("kitchen", "orders", "waiters", "restaurant", f"station:{house.stations[0]}")
    hit = []
    with run.burst():
        for number in range(12):
            await asyncio.sleep(rng.uniform(0.0, 0.2))
            way = number % 4
            several = [Seat(room, Audience.STAFF) for room in rng.sample(rooms, 2)]
            mirror = Mirror(rng.choice(("kitchen", "orders", "waiters", "display"))) if way == 1 else None
            if mirror is not None:
                several = [Seat(mirror.room, Audience.PUBLIC if mirror.room == "display" else Audience.STAFF)]
            since = (epoch, max(run.table.streams[house.restaurant_id].min_seq - 1, head - 100)) if way == 2 else None
            wish = Wish(several, since=since, one_by_one=way == 3, snapshot=way == 3 and rng.random() < 0.5)
            hit.append(run.visitor(house, wish, mirror=mirror))
        await asyncio.sleep(rng.uniform(0.5, 1.5))
    yield Hit(hit)
    await run.send_home(hit)


@fault("cursors at the edges")
async def join_at_edges(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    """Clients come back from just where a replay can begin, from one before that, at the head, above it, elsewhere."""
    house = rng.choice(run.houses)
    pk = house.restaurant_id
    before = min(screen.seq for screen in run.everybody if screen.record.restaurant_id == pk and screen.seq >= 0)
    head = (await run.read_on())[pk]
    behind = max(before - PRUNED_BEHIND, head - MOST_REPLAYED)
    first = await run.do(lambda: run.table.prune(pk, min(behind, before)))
    epoch = run.table.streams[pk].epoch
    edges: list[tuple[tuple[str, int], Literal["owed", "impossible"]]] = [
        ((epoch, first - 1), "owed"),
        ((epoch, head), "owed"),
        ((epoch, head + 1_000_000), "impossible"),
        ((ELSEWHERE, head), "impossible"),
    ]
    if first > 1:
        edges.append(((epoch, first - 2), "impossible"))
    hit = []
    for since, replay in edges:
        seats = [Seat("kitchen", Audience.STAFF), Seat("orders", Audience.STAFF)]
        hit.append(run.visitor(house, Wish(seats, since=since, replay=replay)))
    yield Hit(hit)
    await run.send_home(hit)


@fault("storm of clients")
async def storm(run: Run, rng: random.Random) -> AsyncIterator[Hit]:
    """Very many are cut at the same moment, and all come back at once."""
    hit: list[Screen] = []
    while len(hit) < run.storm_size:
        for _ in range(min(STORM_OPENING, run.storm_size - len(hit))):
            house = run.houses[len(hit) % 2]
            hit.append(run.guest(house) if len(hit) % 4 else run.visitor(house, Wish([Seat("orders", Audience.STAFF)])))
        await run.until(lambda: all(screen.joins for screen in hit))
    for screen in hit:
        screen.pause_seconds = 0.0
        screen.doubt()
    run.balancer.cut([screen.port for screen in hit])
    yield Hit(hit)
    await run.send_home(hit)
