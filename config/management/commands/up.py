"""`manage.py up`: a restaurant on one machine, with nothing installed but Python."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from contextlib import ExitStack
from io import StringIO
from types import FrameType
from typing import Any, NoReturn, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.connections import channel_layers, database, layer_prefix
from config.env import BASE_DIR, LOOPBACK_HOSTS
from config.local.processes import LocalServiceError, end, launch_command
from config.local.state import Services
from config.local.supervisor import LocalServices
from config.progress import Step
from config.serving import ServingError, Workers, listen
from orders.models import Restaurant

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
WATCH_SECONDS = 0.2
SIMULATION_STOP_SECONDS = 1.0
LARGEST_PORT = 65535
# Any number will do, as long as no other lock of this database has it.
PREPARATION_LOCK = 0x627269676164
# What seed_demo makes.
SAMPLE_RESTAURANTS = ("demo", "bistro")
SAMPLE_PASSWORD = "brigade-demo"  # noqa: S105 - printed for everybody to see
ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


class Stopped(BaseException):
    """Somebody asked `up` to end."""


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave whatever is being done, and clean up behind it; a second signal must not disturb that."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def port_number(text: str) -> int:
    """Read a port, or say what is wrong with it."""
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_PORT:
        raise ArgumentTypeError(f"'{text}' is no port: it takes 1 to {LARGEST_PORT}")
    return int(text)


def count(text: str) -> int:
    """Read a number of at least one, or say what is wrong with it."""
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise ArgumentTypeError(f"'{text}' is no number from 1 to 9999")
    return int(text)


class MigrationLines(StringIO):
    """Reads how far the migrations are from what Django says about them."""

    def __init__(self, step: Step, total: int) -> None:
        """Take whom to tell."""
        super().__init__()
        self.step = step
        self.done = 0
        self.total = total

    def write(self, text: str, /) -> int:
        """Count the migrations that are done."""
        if "OK" in text:
            self.done += 1
            self.step.advance(self.done, self.total)
        return len(text)


class Command(BaseCommand):
    """Run everything on one machine: PostgreSQL, Valkey, schema, sample restaurant, server."""

    help = "Run everything on one machine: PostgreSQL, Valkey, schema, sample restaurant, server."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to serve, with how many processes, and whether guests are simulated."""
        parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: 127.0.0.1)")
        parser.add_argument("--port", type=port_number, default=8000, help="port to serve on (default: 8000)")
        parser.add_argument("--workers", type=count, default=1, help="server processes (default: 1)")
        parser.add_argument("--simulate", type=count, metavar="N", help="let N orders a minute come in")

    def handle(self, *, host: str, port: int, workers: int, simulate: int | None, **_options: Any) -> None:
        """Serve until Ctrl-C or SIGTERM, and leave nothing running behind."""
        for number in STOP_SIGNALS:
            signal.signal(number, stop)
        try:
            with ExitStack() as stack:
                try:
                    self.serve(stack, host=host, port=port, workers=workers, simulate=simulate)
                except Stopped:
                    self.say("Stopping")
        except (LocalServiceError, ServingError) as error:
            raise CommandError(str(error)) from error

    def serve(self, stack: ExitStack, *, host: str, port: int, workers: int, simulate: int | None) -> None:
        """Open the restaurant step by step, then watch over it."""
        services = LocalServices(
            settings.BRIGADE_HOME,
            announce=self.step,
            with_database=settings.ENV.DATABASE_URL is None,
            with_layer=not settings.ENV.REDIS_URL,
        )
        stack.callback(services.stop)
        # First what can be refused at once.
        services.claim()
        listener = stack.enter_context(listen(host, port))
        services.start()
        self.settle_on(services.services)
        self.admit(host)
        self.prepare_database()
        server = Workers(listener, workers)
        stack.callback(server.stop)
        with self.step(f"Starting {workers} server process{'es' if workers > 1 else ''}"):
            server.start()
        self.tell_where(host, port)
        connection.close()
        simulation = stack.enter_context(Simulation(simulate))
        while True:
            time.sleep(WATCH_SECONDS)
            for name in services.revive():
                self.say(f"{name} had died and runs again")
            for pid in server.replace_dead():
                self.say(f"Server process {pid} had died and was replaced")
            if simulation.has_ended():
                self.say("The simulation has ended")

    def settle_on(self, services: Services) -> None:
        """Use the services that run since a moment ago, in this process and the ones that it starts."""
        env = settings.ENV
        if services.database_url is not None:
            os.environ["DATABASE_URL"] = services.database_url
            # This process prepares the database and watches: it needs no pool, as the workers do.
            described = database(services.database_url, pool_size=None, pool_timeout_seconds=0)
            connection.settings_dict.update(described)
        if services.redis_url is not None:
            os.environ["REDIS_URL"] = services.redis_url
        prefix = env.BRIGADE_LAYER_PREFIX or layer_prefix(os.environ["DATABASE_URL"])
        settings.CHANNEL_LAYERS = channel_layers(tuple(os.environ["REDIS_URL"].split(",")), prefix)

    def admit(self, host: str) -> None:
        """Answer to this machine's names, so that a tablet in the kitchen reaches it where it listens for tablets."""
        if settings.ENV.ALLOWED_HOSTS:
            return
        names = set(LOOPBACK_HOSTS) | {host}
        if host in ANY_ADDRESS:
            own = socket.gethostname()
            names |= {own, f"{own}.local"} | own_addresses(own)
        names -= set(ANY_ADDRESS)
        settings.ALLOWED_HOSTS = sorted(f"[{name}]" if ":" in name.strip("[]") else name for name in names)
        os.environ["ALLOWED_HOSTS"] = ",".join(settings.ALLOWED_HOSTS)

    def prepare_database(self) -> None:
        """Bring schema and sample up to date; of several `up` that start at once, one does it and the others wait."""
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")  # another `up` may take minutes
            cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARATION_LOCK])
            try:
                with self.step("Bringing the schema up to date") as step:
                    migrate(step)
                if not Restaurant.objects.exists():
                    self.seed()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [PREPARATION_LOCK])

    def seed(self) -> None:
        """Open the sample restaurant; not where the public may sign in, since everybody knows its password."""
        if settings.DEBUG:
            with self.step("Opening the sample restaurant"):
                call_command("seed_demo", verbosity=0)
        else:
            self.say("There is no restaurant yet: open one with `manage.py add_restaurant`")

    def tell_where(self, host: str, port: int) -> None:
        """Say where to go, and whom to sign in as."""
        name = "localhost" if host in ANY_ADDRESS else f"[{host}]" if ":" in host else host
        address = f"http://{name}:{port}"
        self.say("")
        self.say(f"Brigade is open: {address}/")
        self.say(f"  kitchen board  {address}/kitchen/")
        self.say(f"  administration {address}/admin/")
        self.say(f"  API            {address}/api/docs/")
        for slug in SAMPLE_RESTAURANTS:
            names = sample_users(slug)
            if names:
                self.say(f"Sign in to {slug} as {', '.join(names)} with the password {SAMPLE_PASSWORD}")
        self.say("Ctrl-C ends it.")

    def step(self, text: str) -> Step:
        """Say what is being done."""
        return Step(sys.stdout, text)

    def say(self, text: str) -> None:
        """Write one line at once, also where nobody looks yet."""
        self.stdout.write(text)
        self.stdout.flush()


class Simulation:
    """The guests of `--simulate`, in a process of their own. A context manager."""

    def __init__(self, orders_per_minute: int | None) -> None:
        """Take how many orders come in; None for none."""
        self.orders_per_minute = orders_per_minute
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Let the first guests in."""
        if self.orders_per_minute is not None:
            command = [sys.executable, str(BASE_DIR / "manage.py"), "simulate"]
            command.append(f"--orders-per-minute={self.orders_per_minute}")
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                launch_command(command, account=None, reaches=[], end_signal=signal.SIGTERM),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Send the guests home."""
        if self.process is not None:
            end(self.process, signal.SIGTERM, seconds=SIMULATION_STOP_SECONDS)

    def has_ended(self) -> bool:
        """Tell once that no more guests come."""
        if self.process is None or self.process.poll() is None:
            return False
        self.process = None
        return True


def migrate(step: Step) -> None:
    """Apply the migrations that the database lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, stdout=MigrationLines(step, len(plan)))


def own_addresses(hostname: str) -> set[str]:
    """Find the addresses that this machine has on its networks, as far as it knows them."""
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(hostname, None)}
    except socket.gaierror:
        return set()


def sample_users(slug: str) -> list[str]:
    """Find who can still sign in to a sample restaurant with the sample password."""
    users = get_user_model().objects.filter(
        is_active=True, memberships__restaurant__slug=slug, memberships__is_active=True
    )
    opens: dict[str, bool] = {}
    names = []
    for user in users.order_by("pk"):
        # They were opened with one hash, and checking it is made to be slow.
        if (hashed := user.password) not in opens:
            opens[hashed] = user.check_password(SAMPLE_PASSWORD)
        if opens[hashed]:
            names.append(user.username)
    return names
