"""Who takes part, by name."""

from __future__ import annotations

from tests.benchmarks.contestants.bare import BarePicows, BareWs
from tests.benchmarks.contestants.base import Contestant
from tests.benchmarks.contestants.brigade import Brigade, BrigadeOnDaphne
from tests.benchmarks.contestants.naive import Naive
from tests.benchmarks.contestants.peer import Peer, PeerWithOutbox

ALL: tuple[type[Contestant], ...] = (Brigade, BrigadeOnDaphne, Peer, PeerWithOutbox, Naive, BareWs, BarePicows)
CONTESTANTS: dict[str, type[Contestant]] = {contestant.name: contestant for contestant in ALL}

BESIDE = frozenset({"brigade-daphne", "peer-outbox", "naive", "bare-ws"})
"""Played in the first round only: they show by how much, and no target is measured by them."""
