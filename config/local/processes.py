"""Starts and ends the programs of the local services, as an account that they accept."""

import importlib.util
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
# Exists on every Unix, owns nothing and may do nothing.
UNPRIVILEGED_USER = "nobody"
LARGEST_LOG_BYTES = 5_000_000
KILL_SECONDS = 2.0


class LocalServiceError(Exception):
    """A local service cannot run; the text is one line for the operator."""


def wheel_folder(package: str, brings: str) -> Path:
    """Find where a wheel with programs was installed, without running its Python.

    Raises LocalServiceError when the extra `local` is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise LocalServiceError(f"no {brings} is installed here: pip install -e '.[local]', or set its address")
    return Path(found.origin).parent


@dataclass(frozen=True)
class Account:
    """Whom a service runs as when root starts it: PostgreSQL refuses to be root."""

    uid: int
    gid: int

    def may_enter(self, path: Path) -> bool:
        """Tell whether every folder above a path lets this account through."""
        return all(self._may_search(parent.stat()) for parent in path.resolve().parents)

    def _may_search(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


def account_for(folder: Path) -> Account | None:
    """Choose whom a service runs as: ourselves, or as root the owner of its data, or nobody.

    Raises LocalServiceError when the data belongs to somebody else and we are not root.
    """
    owner = folder.stat() if folder.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise LocalServiceError(f"{folder} belongs to another user: run `up` as that user, or set BRIGADE_HOME")
        return None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError as error:
        raise LocalServiceError(
            f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED_USER}: run `up` as an ordinary user"
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


def own_folder(folder: Path, account: Account | None) -> None:
    """Make a folder that only the service's account can read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def launch_command(
    command: list[str], *, account: Account | None, reaches: Iterable[Path], end_signal: signal.Signals
) -> list[str]:
    """Wrap a command so that it runs as the account and gets a signal when this process dies.

    ``reaches`` are the paths it must get to, through folders that may be closed to the account.
    """
    who = f"{account.uid}:{account.gid}" if account else ""
    is_open = account is None or all(account.may_enter(path) for path in (Path(command[0]), *reaches))
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    return [*launcher, who, "" if is_open else "enter", str(int(end_signal)), str(os.getpid()), *command]


def service_environment() -> dict[str, str]:
    """Give a service nothing of the operator's environment but where programs are."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def spawn(command: list[str], *, log: Path, given: bytes = b"") -> subprocess.Popen[bytes]:
    """Start a service in a session of its own, so that Ctrl-C reaches it through us, in our order.

    ``given`` is what it reads on its standard input, where no other process can see it.
    """
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.old"))
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=service_environment(),
            start_new_session=True,
        )
    assert process.stdin is not None
    try:
        process.stdin.write(given)
        process.stdin.close()
    except BrokenPipeError:
        # It ended before it read: the caller sees that, and why, in the log.
        pass
    return process


def end(process: subprocess.Popen[bytes], *signals: signal.Signals, seconds: float) -> None:
    """End a service: each signal in turn when the one before had no effect in time, and then by force."""
    for signal_number in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(signal_number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.wait(KILL_SECONDS)


def free_port() -> int:
    """Find a port on this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def last_words(log: Path, offset: int) -> str:
    """Find the line in which a service said why it ended, after an offset in its log."""
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()
    telling = [line for line in lines if "FATAL" in line or "ERROR" in line or "error:" in line]
    said = (telling or lines or ["it said nothing"])[-1]
    # Without the time and process id before it.
    return said[max(0, said.find("FATAL")) :].strip()
