"""Starts a real PostgreSQL and a real Valkey for the tests, unless the environment names some.

Before Django reads its settings, since those name the services. The process that deals the tests out to others
(pytest-xdist) starts them once for all; each of the others has its own database, layer prefix and home.
"""

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer

from config.local.supervisor import LocalServices
from config.local.valkey import Valkey
from tests.dealing import Dealer, piece_of

SERVICES = pytest.StashKey[LocalServices]()
# What a developer may have set for an `up` of their own.
FOREIGN_SETTINGS = (
    "CORS_ORIGINS",
    "EVENT_RETENTION_DAYS",
    "LOG_FORMAT",
    "METRICS_TOKEN",
    "BRIGADE_COMMAND",
    "TRUSTED_PROXIES",
)
# The name of the database that the others are copies of; the process that deals the tests out chooses it.
TEMPLATE = "BRIGADE_TESTS_TEMPLATE"
# Any number will do, as long as no other lock of the server's own database has it.
TEMPLATE_LOCK = 0x74656D706C
# All test processes and the servers that they start share the hundred connections of one PostgreSQL.
MOST_PROCESSES = 4


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Test with every core, and one process more: some tests wait for servers to start, for sockets, for clocks.

    What was picked by its name is there before others would have started.
    """
    if not any(Path(argument).is_dir() for argument in config.args):
        return 0
    return min(len(os.sched_getaffinity(0)) + 1, MOST_PROCESSES)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Dealer | None:
    """Deal the tests out our way, unless another one was asked for."""
    return Dealer(config, log) if config.option.dist == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is one piece: at the end it would leave the other processes idle."""
    for item in items:
        operation = getattr(item, "operation_label", None)
        if operation is not None:
            # With schemathesis 4.32 and pytest 9.2 its tests all have the id of their function.
            item._id = replace(item.id, params=operation)
    twice = [test for test, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        message = f"Several tests have the same id, and only one of each would be run: {twice}"
        raise pytest.UsageError(message)
    items.sort(key=lambda item: piece_of(item.nodeid) is None)


def pytest_configure(config: pytest.Config) -> None:
    # A hundred servers and commands are started: without bytecode beside the modules each would compile them all.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    home = Path(tempfile.mkdtemp(prefix="brigade-tests-"))
    # As root the services run as another user, who must get to their data.
    home.chmod(0o711)
    services = LocalServices(
        home,
        with_database="DATABASE_URL" not in os.environ,
        with_layer="REDIS_URL" not in os.environ,
        is_durable=False,
    )
    config.stash[SERVICES] = services
    services.start()
    os.environ["DATABASE_URL"] = services.services.database_url or os.environ.get("DATABASE_URL", "")
    os.environ["REDIS_URL"] = services.services.redis_url or os.environ.get("REDIS_URL", "")
    os.environ.setdefault(TEMPLATE, f"migrated_{secrets.token_hex(6)}")
    if config.option.dist == "no":
        settle(home)


def settle(home: Path) -> None:
    """Choose the settings of the process that runs the tests; who only deals them out has none to hand down."""
    for name in FOREIGN_SETTINGS:
        os.environ.pop(name, None)
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
            "BRIGADE_HOME": str(home),
            # Tests ask as fast as they can; those of the limits set their own.
            "RATE_LIMIT_STAFF": "0",
            "RATE_LIMIT_GUESTS": "0",
            "RATE_LIMIT_ADDRESS": "0",
            # Two runs on one Valkey, and an `up` beside them, must not hear each other.
            "BRIGADE_LAYER_PREFIX": f"test-{secrets.token_hex(6)}",
        }
    )

    from django.conf import settings  # noqa: PLC0415 - reads the environment

    # From here on pytest-django sees that there are settings, and sets Django up with them.
    settings.PASSWORD_HASHERS = ["tests.passwords.QuickArgon2"]
    # How long an example takes is the machine's affair.
    hypothesis.settings.register_profile("brigade", hypothesis.settings(hypothesis.settings(), deadline=None))
    hypothesis.settings.load_profile("brigade")


def pytest_unconfigure(config: pytest.Config) -> None:
    services = config.stash.get(SERVICES, None)
    if services is not None:
        if not hasattr(config, "workerinput"):
            name = sql.Identifier(os.environ.pop(TEMPLATE))
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        services.stop()
        shutil.rmtree(services.home)


@pytest.fixture(scope="session")
def migrated(django_db_blocker: DjangoDbBlocker) -> str:
    """Name the database that has all tables and no rows, to make others of: nobody may be connected to it.

    Whoever needs it first makes it, for all processes.
    """
    from django.core.management import call_command  # noqa: PLC0415 - needs the settings
    from django.db import connection  # noqa: PLC0415

    name = os.environ[TEMPLATE]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server, pytest.MonkeyPatch.context() as patch:
        server.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            patch.setitem(connection.settings_dict, "NAME", name)
            with django_db_blocker.unblock():
                call_command("migrate", verbosity=0)
                connection.close()
                connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
    return name


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, migrated: str) -> None:
    """Have the test database made as a copy."""
    from django.db import connection  # noqa: PLC0415 - needs the settings

    connection.settings_dict["TEST"]["TEMPLATE"] = migrated


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make the test database, once for each process, and have it emptied fast."""
    from tests.emptying import emptied_in_milliseconds  # noqa: PLC0415 - needs the settings

    with contextlib.ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(emptied_in_milliseconds())
        yield


@pytest.fixture(scope="module")
def shared_rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction for rows that all tests of a module begin with: their own are inside it and leave it as it was."""
    from django.db import transaction  # noqa: PLC0415 - needs the settings

    outer = transaction.atomic()
    outer._from_testcase = True  # type: ignore[attr-defined]  # as Django's TestCase says of its own: units begin inside
    with django_db_blocker.unblock(), outer:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey that a test may kill and start again (`start(port=...)`) without harm to the others."""
    valkey = Valkey(tmp_path)
    valkey.start()

    yield valkey

    valkey.stop()


@pytest.fixture(scope="session", autouse=True)
def _forwarder_closed() -> Iterator[None]:
    yield

    from realtime import forwarding  # noqa: PLC0415 - needs the settings

    forwarding.finish()
