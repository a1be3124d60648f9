"""What the local installation remembers under BRIGADE_HOME, so that every command finds its services and its key."""

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

STATE_FILE = "services.json"
KEY_FILE = "secret_key"
# Both addresses are on this machine: a listener answers at once or is not there.
PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Services:
    """Where the local services listen; None for one that the operator brings."""

    database_url: str | None = None
    redis_url: str | None = None


def is_listening(url: str) -> bool:
    """Tell whether anything accepts connections at an address."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), PROBE_SECONDS):
            return True
    except OSError:
        return False


def read_services(home: Path) -> Services | None:
    """Find where the last `up` on this home had its services, whether they still run or not."""
    try:
        return Services(**json.loads((home / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running_services(home: Path) -> Services:
    """Find the services of the `up` that runs on this home, as far as they answer."""
    services = read_services(home) or Services()
    return Services(
        database_url=services.database_url if is_listening(services.database_url or "") else None,
        redis_url=services.redis_url if is_listening(services.redis_url or "") else None,
    )


def remember_services(home: Path, services: Services) -> None:
    """Tell the commands beside this `up` where its services are."""
    write_secret(home / STATE_FILE, json.dumps(asdict(services)))


def forget_services(home: Path) -> None:
    """Tell the commands that no service runs any more."""
    (home / STATE_FILE).unlink(missing_ok=True)


def local_key(home: Path) -> str:
    """Return the key that this installation signs with, and make it when it opens for the first time.

    Two processes that start at once end with the same key, since only one can link the file.
    """
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f"{KEY_FILE}.{os.getpid()}"
        write_secret(draft, secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
