"""Each contestant is started once, takes three orders and tells two screens of them."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import psycopg
import pytest
import websockets
from psycopg import sql

from config.env import BASE_DIR
from config.local.valkey import Valkey
from tests.benchmarks.contestants import node
from tests.benchmarks.contestants.base import Contestant, Dialect, Ground, OrderTaker, Request, marker
from tests.benchmarks.contestants.processes import ContestantError
from tests.benchmarks.contestants.registry import CONTESTANTS
from tests.benchmarks.contestants.running import OrderTaking
from tests.live import free_port

SECONDS = 20.0
MARKER = re.compile(r"bench-\d{8}")
ORDER_TAKERS = sorted(name for name, kind in CONTESTANTS.items() if issubclass(kind, OrderTaking))


@pytest.fixture
def ground(request: pytest.FixtureRequest, own_valkey: Valkey, tmp_path: Path, migrated: str) -> Iterator[Ground]:
    # Only Brigade finds its tables there already.
    template = migrated if "[brigade" in request.node.name else "template1"
    name = f"bench_{secrets.token_hex(6)}"
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as admin:
        names = sql.Identifier(name), sql.Identifier(template)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    core = max(os.sched_getaffinity(0))

    yield Ground(f"{server.rpartition('/')[0]}/{name}", own_valkey.url, core, free_port(), tmp_path)

    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


ask_once = functools.cache(node.missing)


@pytest.fixture
def contestant(request: pytest.FixtureRequest, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contestant]:
    # Node's packages stay from one test run to the next.
    monkeypatch.setenv("BRIGADE_HOME", str(BASE_DIR / "var"))
    # Whether they can be had is found out once and soon, also where no registry answers.
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setattr(node, "PREPARE_SECONDS", 60.0)
    monkeypatch.setattr(node, "missing", ask_once)
    contestant: Contestant = CONTESTANTS[request.param]()
    lack = contestant.missing()
    if lack is not None:
        pytest.skip(lack)
    try:
        contestant.start(ground)
        yield contestant
    finally:
        contestant.stop()


class Screen:
    """A screen that keeps the markers that it was told of, in order."""

    def __init__(self, dialect: Dialect, connection: websockets.ClientConnection) -> None:
        self.dialect = dialect
        self.connection = connection
        self.told: list[str] = []

    @classmethod
    async def join(cls, dialect: Dialect, port: int, number: int) -> Screen:
        url = f"ws://127.0.0.1:{port}{dialect.path}"
        screen = cls(dialect, await websockets.connect(url, additional_headers=dialect.headers_for(number)))
        for text in dialect.opening:
            await screen.connection.send(text.decode())
        async with asyncio.timeout(SECONDS):
            while dialect.ready not in (await screen.connection.recv(decode=False)):
                pass
        return screen

    async def until(self, number: int) -> None:
        async with asyncio.timeout(SECONDS):
            while marker(number) not in self.told:
                message = await self.connection.recv(decode=False)
                found = MARKER.search(message.decode())
                if self.dialect.event in message and found:
                    self.told.append(found[0])


async def ask(port: int, request: Request) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
        return await client.request(request.method, request.path, headers=request.headers, content=request.body)


@pytest.mark.parametrize("contestant", ORDER_TAKERS, indirect=True)
async def test_each_screen_is_told_once_when_orders_are_taken_and_changed(
    contestant: OrderTaker, ground: Ground
) -> None:
    screens = [await Screen.join(contestant.dialect(), ground.port, number) for number in range(2)]

    taken = [await ask(ground.port, contestant.post(number)) for number in (1, 2, 3)]
    ids = [contestant.order_id(answer.content) for answer in taken]
    changed = await ask(ground.port, contestant.patch(ids[0], 4))
    listed = (await ask(ground.port, contestant.list())).json()["results"]
    for screen in screens:
        await screen.until(4)
        await screen.connection.close()

    assert [answer.status_code for answer in (*taken, changed)] == [201, 201, 201, 200]
    assert [(order["id"], order["notes"]) for order in listed] == [
        (ids[2], marker(3)), (ids[1], marker(2)), (ids[0], marker(4)),
    ]  # fmt: skip
    assert [len(order["items"]) for order in listed] == [3, 3, 3]
    assert [Counter(screen.told) for screen in screens] == [Counter(marker(number) for number in (1, 2, 3, 4))] * 2


@pytest.mark.parametrize("contestant", sorted(set(CONTESTANTS) - set(ORDER_TAKERS)), indirect=True)
async def test_each_screen_is_told_once_when_a_bare_fan_out_is_posted_to(
    contestant: Contestant, ground: Ground
) -> None:
    screens = [await Screen.join(contestant.dialect(), ground.port, number) for number in range(2)]

    answers = [await ask(ground.port, contestant.post(number)) for number in (1, 2, 3)]
    for screen in screens:
        await screen.until(3)
        await screen.connection.close()

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [screen.told for screen in screens] == [[marker(1), marker(2), marker(3)]] * 2


@pytest.mark.parametrize("contestant", ["bare-picows", "peer"], indirect=True)
def test_nothing_is_left_when_a_contestant_is_stopped(contestant: Contestant, ground: Ground) -> None:
    [pid] = contestant.server_pids()
    cores = os.sched_getaffinity(pid)

    contestant.stop()

    assert cores == {ground.core}
    assert not Path(f"/proc/{pid}").exists()
    assert contestant.server_pids() == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ground.port)) != 0


PARENT = """
import json, sys, time
from pathlib import Path
from tests.benchmarks.contestants.base import Contestant, Dialect, Ground, OrderTaker, Request, marker
from tests.benchmarks.contestants.registry import CONTESTANTS
from tests.benchmarks.contestants.running import OrderTaking

ground = json.loads(sys.argv[1])
contestant = CONTESTANTS["bare-picows"]()
contestant.start(Ground(**{**ground, "home": Path(ground["home"])}))
print(contestant.server_pids()[0], flush=True)
time.sleep(600)
"""


def test_a_contestant_dies_when_the_benchmark_is_killed(ground: Ground) -> None:
    given = json.dumps({**asdict(ground), "home": str(ground.home)})
    parent = subprocess.Popen([sys.executable, "-c", PARENT, given], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())

    parent.send_signal(signal.SIGKILL)
    parent.communicate()

    deadline = time.monotonic() + SECONDS
    # One that nobody has reaped yet is dead, too.
    while (status := Path(f"/proc/{pid}/stat")).exists() and ") Z " not in status.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_line_says_why_when_a_port_is_in_use(ground: Ground) -> None:
    contestant = CONTESTANTS["bare-picows"]()
    with socket.create_server(("127.0.0.1", ground.port)), pytest.raises(ContestantError) as raised:
        contestant.start(ground)

    assert str(raised.value) == f"port {ground.port} is in use"
    assert contestant.server_pids() == []


def test_one_line_says_what_is_missing_when_there_is_no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert CONTESTANTS["peer"]().missing() == "node is not installed (Debian: apt-get install nodejs npm)"


def test_packages_are_exact_and_name_no_host_when_node_installs_them() -> None:
    wanted = json.loads((node.PEER / "package.json").read_text())["dependencies"]
    locked = json.loads((node.PEER / "package-lock.json").read_text())["packages"]

    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert not [name for name, package in locked.items() if "resolved" in package]
    assert not [name for name, package in locked.items() if name and "integrity" not in package]
