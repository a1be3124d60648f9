"""Who takes part, by name."""

from __future__ import annotations

from tests.benchmarks.contestants.bare import BarePicows, BareWs
from tests.benchmarks.contestants.base import Contestant
from tests.benchmarks.contestants.brigade import Brigade, BrigadeOnDaphne
from tests.benchmarks.contestants.naive import Naive
from tests.benchmarks.contestants.peer import Peer, PeerWithOutbox

ALL: tuple[type[Contestant], ...] = (Brigade, BrigadeOnDaphne, Peer, PeerWithOutbox, Naive, BareWs, BarePicows)
CONTESTANTS: dict[str, type[Contestant]] = {contestant.name: contestant for contestant in ALL}
