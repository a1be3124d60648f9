"""`manage.py up` as a person meets it: it opens, serves, is killed in parts, and leaves nothing behind."""

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest
from django.contrib import admin
from django.core.management import CommandError, load_command_class
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from config.env import BASE_DIR, Environment
from config.local.state import running_services
from config.progress import Step
from config.serving import ServingError, listen

# It must not stand in the way of a machine that is going down.
END_SECONDS = 10
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class Up:
    """One `manage.py up`, and what it says. A context manager."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.options = options
        self.said = folder / f"{uuid4().hex}.out"
        kept = {name: value for name, value in os.environ.items() if name not in Environment.model_fields}
        self.environment = {**kept, "BRIGADE_HOME": str(folder), **environment}

    def __enter__(self) -> Self:
        self.start()
        self.wait_for("Ctrl-C ends it.")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()

    def start(self) -> None:
        command = [sys.executable, "manage.py", "up", f"--port={self.port}", *self.options]
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=BASE_DIR, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )

    def wait_for(self, text: str) -> None:
        def is_said() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            return text in self.said.read_text()

        wait_until(is_said)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(END_SECONDS)

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "config.serving" in child.cmdline()]

    def is_live(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/api/health/live", trust_env=False).status_code == 200
        return False


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass
class First:
    """An `up` that opened the sample restaurant on an empty machine, and was told to end."""

    home: Path
    copy: Path
    address: str
    was_live: bool
    lines: list[str]
    code: int
    last_line: str
    family: list[psutil.Process]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    home, copy = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("copy")
    with Up(home) as running:
        was_live = running.is_live()
        lines = running.said.read_text().splitlines()
        family = psutil.Process(running.process.pid).children(recursive=True)
        code = running.end()
        last_line = running.said.read_text().splitlines()[-1]
    # PostgreSQL's files stay its own user's.
    subprocess.run(["cp", "-a", f"{home}/.", str(copy)], check=True)
    return First(home, copy, f"http://127.0.0.1:{running.port}", was_live, lines, code, last_line, family)


@pytest.fixture(scope="module")
def opened(first: First) -> Iterator[Up]:
    """The same restaurant on the next day, for the tests that do it no harm."""
    with Up(first.home) as running:
        yield running


@contextlib.contextmanager
def database(template: str | None = None) -> Iterator[str]:
    """Make a database on the tests' own server, empty or as another one is, and drop it in the end."""
    server = os.environ["DATABASE_URL"]
    name = f"up_{uuid4().hex}"
    like = f" TEMPLATE {template.rpartition('/')[2]}" if template else ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}{like}".encode())
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def sample(migrated: str) -> Iterator[str]:
    """Open the sample restaurant in a database that nobody is connected to."""
    with database(migrated) as url:
        done = run("seed_demo", "--force", environment={**os.environ, "DATABASE_URL": url})
        assert done.returncode == 0, done.stderr
        yield url


@pytest.fixture
def shared(sample: str) -> Iterator[dict[str, str]]:
    """A database with the sample restaurant and a layer, as the environment of one or several `up` that share them."""
    with database(sample) as url:
        yield {"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"]}


@pytest.fixture
def unopened(migrated: str) -> Iterator[dict[str, str]]:
    """A database with all tables and no restaurant, and a layer, as the environment of an `up`."""
    with database(migrated) as url:
        yield {"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"]}


@pytest.fixture
def empty() -> Iterator[dict[str, str]]:
    """An empty database and a layer, as the environment of one or several `up` that share them."""
    with database() as url:
        yield {"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"]}


def test_sample_restaurant_is_open_when_the_machine_was_empty(first: First) -> None:
    lines, address = first.lines, first.address

    assert first.was_live
    assert [line.partition(":")[0] for line in lines[:6]] == [
        "Making an empty database",
        "Starting PostgreSQL",
        "Starting Valkey",
        "Bringing the schema up to date",
        "Opening the sample restaurant",
        "Starting 1 server process",
    ]
    assert lines[6:] == [
        "",
        f"Brigade is open: {address}/",
        f"  kitchen board  {address}/kitchen/",
        f"  administration {address}/admin/",
        f"  API            {address}/api/docs/",
        "Sign in to demo as owner, manager, waiter, chef, cashier with the password brigade-demo",
        "Sign in to bistro as bistro-manager, bistro-waiter, bistro-chef with the password brigade-demo",
        "Ctrl-C ends it.",
    ]


def test_waiter_can_sign_in_when_it_is_open(opened: Up) -> None:
    body = {"username": "waiter", "password": "brigade-demo"}

    answer = httpx.post(f"http://127.0.0.1:{opened.port}/api/auth/token", json=body, trust_env=False)

    assert answer.status_code == 200


def test_static_files_are_served_when_it_is_open(opened: Up) -> None:
    style = httpx.get(f"http://127.0.0.1:{opened.port}/static/admin/css/base.css", trust_env=False)
    script = httpx.get(f"http://127.0.0.1:{opened.port}/static/realtime/client.js", trust_env=False)

    assert (style.status_code, script.status_code) == (200, 200)
    assert style.content == (Path(admin.__file__).parent / "static/admin/css/base.css").read_bytes()
    assert script.headers["content-type"] == 'text/javascript; charset="utf-8"'
    assert "Warning" not in opened.said.read_text()


def test_second_is_refused_when_the_data_is_in_use(opened: Up) -> None:
    second = run("up", f"--port={free_port()}", environment=opened.environment)

    assert second.returncode == 1
    assert second.stderr == (
        f"CommandError: another `up` runs on the data in {opened.environment['BRIGADE_HOME']} "
        f"(process {opened.process.pid})\n"
    )


def test_second_is_refused_when_the_port_is_in_use(opened: Up, tmp_path: Path) -> None:
    second = run("up", f"--port={opened.port}", environment=opened.environment | {"BRIGADE_HOME": str(tmp_path)})

    assert second.returncode == 1
    assert second.stderr == f"CommandError: cannot listen on 127.0.0.1 port {opened.port}: Address already in use\n"


def test_it_says_so_in_one_line_when_the_database_does_not_answer(tmp_path: Path) -> None:
    unreachable = {"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/brigade", "REDIS_URL": "redis://layer"}
    environment = {**os.environ, "BRIGADE_HOME": str(tmp_path), **unreachable}

    refused = run("up", f"--port={free_port()}", environment=environment)

    assert refused.returncode == 1
    assert refused.stderr.startswith("brigade: the database failed: connection failed: ")
    assert refused.stderr.count("\n") == 1


def test_command_beside_it_finds_the_database_when_nothing_is_set(opened: Up) -> None:
    listed = run("showmigrations", "--plan", environment=opened.environment)

    assert listed.returncode == 0
    assert "[X]  realtime.0001_initial" in listed.stdout
    assert "[ ]" not in listed.stdout


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--port=0", "argument --port: '0' is no port: it takes 1 to 65535"),
        ("--port=99999", "argument --port: '99999' is no port: it takes 1 to 65535"),
        ("--port=http", "argument --port: 'http' is no port: it takes 1 to 65535"),
        ("--workers=0", "argument --workers: '0' is no number from 1 to 9999"),
        ("--simulate=-3", "argument --simulate: '-3' is no number from 1 to 9999"),
    ],
)
def test_option_is_refused_when_it_makes_no_sense(option: str, complaint: str) -> None:
    parser = load_command_class("config", "up").create_parser("manage.py", "up")

    with pytest.raises(CommandError) as refused:
        parser.parse_args([option])

    assert str(refused.value) == f"Error: {complaint}"


def test_address_is_refused_when_it_is_not_this_machines() -> None:
    with pytest.raises(ServingError, match=r"^cannot listen on 192\.0\.2\.1 port 8000: "):
        listen("192.0.2.1", 8000)


def test_nothing_is_left_when_it_was_told_to_end(first: First) -> None:
    assert (first.code, first.last_line) == (0, "Stopping")
    assert {process.name() for process in first.family if process.is_running()} == set()


def test_what_was_stored_is_still_there_when_it_opens_again(opened: Up) -> None:
    said = opened.said.read_text()

    assert "Making an empty database" not in said
    assert "Opening the sample restaurant" not in said
    assert "Sign in to demo as owner" in said


def test_it_opens_again_when_it_was_killed(first: First) -> None:
    with Up(first.copy) as killed:
        family = psutil.Process(killed.process.pid).children(recursive=True)
        killed.process.kill()
        killed.process.wait()

        with Up(first.copy) as again:
            assert again.is_live()
            assert "Opening the sample restaurant" not in again.said.read_text()

            gone, alive = psutil.wait_procs(family, timeout=END_SECONDS)
    assert (len(gone), alive) == (len(family), [])


def test_sockets_are_closed_with_1012_when_it_was_told_to_end(tmp_path: Path, shared: dict[str, str]) -> None:
    with Up(tmp_path, "--workers=2", **shared) as running, contextlib.ExitStack() as stack:
        address = f"ws://127.0.0.1:{running.port}/ws/"
        screens = [stack.enter_context(connect(address, proxy=None)) for _ in range(4)]
        for screen in screens:
            screen.recv(timeout=START_SECONDS)

        code = running.end()

        assert code == 0
        assert [close_code(screen) for screen in screens] == [1012] * 4


def close_code(screen: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            screen.recv(timeout=END_SECONDS)
    return screen.close_code


def test_worker_is_replaced_when_it_is_killed(tmp_path: Path, shared: dict[str, str]) -> None:
    with Up(tmp_path, "--workers=2", **shared) as running:
        victim, other = running.workers()

        victim.kill()

        running.wait_for(f"Server process {victim.pid} had died and was replaced")
        assert other in running.workers()
        assert len(running.workers()) == 2
        assert running.is_live()


def test_both_serve_when_two_start_at_once_on_one_database(tmp_path: Path, empty: dict[str, str]) -> None:
    first, second = Up(tmp_path / "one", **empty), Up(tmp_path / "two", **empty)
    first.start()
    second.start()

    with contextlib.ExitStack() as stack:
        for running in (first, second):
            stack.push(running.__exit__)
            running.wait_for("Ctrl-C ends it.")

        assert first.is_live()
        assert second.is_live()
        texts = (first.said.read_text(), second.said.read_text())
        assert sum("Opening the sample restaurant" in text for text in texts) == 1


def test_port_is_free_for_the_next_when_it_was_killed(tmp_path: Path, shared: dict[str, str]) -> None:
    with Up(tmp_path, "--workers=2", **shared) as killed:
        workers = killed.workers()

        killed.process.send_signal(signal.SIGKILL)

        gone, alive = psutil.wait_procs(workers, timeout=END_SECONDS)
        assert (len(gone), alive) == (2, [])
        listen("127.0.0.1", killed.port).close()


def test_guests_order_when_they_are_simulated(tmp_path: Path, shared: dict[str, str]) -> None:
    with Up(tmp_path, "--simulate=100", **shared) as running:
        with psycopg.connect(shared["DATABASE_URL"], autocommit=True) as connection:
            wait_until(lambda: connection.execute("SELECT 1 FROM orders_order LIMIT 1").fetchone() is not None)
        guests = [
            process
            for process in psutil.Process(running.process.pid).children()
            if "--orders-per-minute=100" in process.cmdline()
        ]

        assert running.end() == 0
    assert len(guests) == 1
    assert not guests[0].is_running()


def test_no_sample_is_opened_when_the_public_may_sign_in(tmp_path: Path, unopened: dict[str, str]) -> None:
    production = {"DEBUG": "false", "SECRET_KEY": os.environ["SECRET_KEY"], "ALLOWED_HOSTS": "127.0.0.1"}

    with Up(tmp_path, **unopened, **production) as running:
        said = running.said.read_text()

        assert running.is_live()
    assert "There is no restaurant yet: open one with `manage.py add_restaurant`" in said
    assert "brigade-demo" not in said
    assert running_services(tmp_path).database_url is None


def test_line_says_how_it_ended_when_a_step_is_over() -> None:
    output = io.StringIO()

    with Step(output, "Boiling water"):
        pass

    assert output.getvalue() == "Boiling water: done in 0.0 s\n"


def test_line_says_so_when_a_step_failed() -> None:
    output = io.StringIO()

    with pytest.raises(ZeroDivisionError), Step(output, "Boiling water"):
        _ = 1 / 0

    assert output.getvalue() == "Boiling water: failed after 0.0 s\n"


def test_bar_shows_the_share_when_the_end_is_known() -> None:
    step = Step(io.StringIO(), "Boiling water")

    step.advance(1, 4)

    assert step.bar() == "[######..................] 1 of 4, 0 s"


def test_bar_moves_when_the_end_is_not_known() -> None:
    assert Step(io.StringIO(), "Boiling water").bar() == "[###.....................] 0 s"
