"""Everything that the operator may set, read once from the environment.

A value that cannot be understood stops the start with one line and exit code 2: a restaurant
that opens with half of its settings is worse than one that says what is wrong.
"""

import importlib.util
import json
import os
import secrets
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.local.state import KEY_FILE, local_key

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# What 24 random bytes are in base64. Guessable keys of that length are told by how few characters they use;
# `check --deploy` advises 50.
SHORTEST_KEY = 32
FEWEST_KEY_CHARACTERS = 10
# The commands that serve; a process that manage.py did not start, like a worker of `up`, does so too.
SERVING_COMMANDS = ("", "runserver")
# What an error message must not repeat, because it may end in a log.
SECRETS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN", "MEDIA_STORAGE_OPTIONS")

CommaSeparated = Annotated[tuple[str, ...], NoDecode]
JsonObject = Annotated[dict[str, Any], NoDecode]


def refusal(reason: str) -> PydanticCustomError:
    """Say why a value is refused, in the words the operator will read."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


def split_url(value: str, schemes: tuple[str, ...]) -> SplitResult:
    """Take a service's address apart, or say what is wrong with it."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise refusal(f"is no address ({error})") from error
    if parts.scheme not in schemes:
        raise refusal(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if port == 0:
        raise refusal("has port 0")
    return parts


class Environment(BaseSettings):
    """What the operator may set. The README's table is made from the descriptions."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, case_sensitive=True)

    DATABASE_URL: str | None = Field(
        None,
        description="PostgreSQL, as `postgresql://user:password@host:5432/name`. "
        "Without it: the database that `manage.py up` runs under `BRIGADE_HOME`.",
    )
    REDIS_URL: CommaSeparated = Field(
        (),
        description="Redis or Valkey, as `redis://host:6379/0`; several, separated by commas, share the load. "
        "Without it: the Valkey of `manage.py up`.",
    )
    SECRET_KEY: str | None = Field(
        None,
        description="Signs sessions and tokens; at least 32 random characters. Required outside `DEBUG`; "
        "a local installation makes its own and keeps it under `BRIGADE_HOME`.",
    )
    DEBUG: bool = Field(
        default=False,
        description="Shows errors in full and relaxes HTTPS rules. When not set: true under `up` and `runserver`.",
    )
    ALLOWED_HOSTS: CommaSeparated = Field(
        (),
        description="Host names that are served, separated by commas. Required outside `DEBUG`, and never `*` there; "
        "a local installation answers to this machine's own names.",
    )
    TRUSTED_PROXIES: CommaSeparated = Field(
        (),
        description="Addresses and networks of the proxies before the server, separated by commas, as "
        "`127.0.0.1,10.0.0.0/8`. Theirs is the word on where callers come from and whether by HTTPS "
        "(`X-Forwarded-For`, `X-Forwarded-Proto`); nobody else's is taken.",
    )
    CORS_ORIGINS: CommaSeparated = Field(
        (),
        description="Origins of other sites that may call the API and open a WebSocket, separated by commas, "
        "as `https://shop.example`.",
    )
    EVENT_RETENTION_DAYS: int = Field(
        30, ge=1, le=3650, description="How many days of events are to be kept; nothing prunes them yet."
    )
    ORDER_QR_HOURS: int = Field(24, ge=1, le=720, description="How long the QR code on an order's slip can be scanned.")
    TRACKING_LINK_HOURS: int = Field(
        24, ge=1, le=8760, description="How long a guest's link to an order, or to the orders of their own, is good."
    )
    RATE_LIMIT_STAFF: float = Field(
        50,
        ge=0,
        le=1_000_000,
        description="Requests a second that one member of staff, or one device, may send to the API, "
        "with bursts of twice as many; 0 for as many as they like.",
    )
    RATE_LIMIT_GUESTS: float = Field(
        2,
        ge=0,
        le=1_000_000,
        description="Requests a second that the guests with one link or at one table may send from one address, "
        "with bursts of ten times as many, and from all addresses five times that; 0 for as many as they like.",
    )
    RATE_LIMIT_ADDRESS: float = Field(
        50,
        ge=0,
        le=1_000_000,
        description="Requests a second from one address by those who have not signed in, "
        "with bursts of twice as many; 0 for as many as they like.",
    )
    LOG_FORMAT: Literal["text", "json"] = Field(
        "text", description="Log lines for people (`text`) or machines (`json`)."
    )
    METRICS_TOKEN: str | None = Field(
        None,
        min_length=16,
        description="Bearer token for `/metrics`, which is not served yet; at least 16 characters.",
    )
    DATABASE_POOL_SIZE: int = Field(
        10, ge=2, le=500, description="Database connections that one server process keeps at most."
    )
    DATABASE_POOL_TIMEOUT_SECONDS: float = Field(
        3.0, gt=0, le=60, description="How long a request waits for a database connection before it is answered 503."
    )
    MEDIA_STORAGE: str = Field(
        "django.core.files.storage.FileSystemStorage",
        description="The Django storage that keeps the pictures of dishes, as `storages.backends.s3.S3Storage` of "
        "django-storages. Without it: files under `BRIGADE_HOME`, which is for one machine.",
    )
    MEDIA_STORAGE_OPTIONS: JsonObject = Field(
        {}, description='What that storage is told, as JSON: `{"bucket_name": "menu", "querystring_auth": false}`.'
    )
    MEDIA_ORIGINS: CommaSeparated = Field(
        (),
        description="Origins that the storage gives out pictures from, separated by commas, as "
        "`https://pictures.example`; our pages show pictures from nowhere else.",
    )
    BRIGADE_HOME: Path = Field(
        Path("var"), description="Where a local installation keeps its data; relative to `manage.py`'s folder."
    )
    BRIGADE_LAYER_PREFIX: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,60}$",
        description="Keeps installations that share a Valkey apart. When not set: made from the database's address.",
    )

    @field_validator("REDIS_URL", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "CORS_ORIGINS", "MEDIA_ORIGINS", mode="before")
    @classmethod
    def split_commas(cls, value: object) -> object:
        """Read `a, b` as two values."""
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("DATABASE_URL")
    @classmethod
    def check_database(cls, value: str | None) -> str | None:
        """Refuse a database that is not PostgreSQL or has no name."""
        if value is not None and not split_url(value, ("postgresql", "postgres")).path.strip("/"):
            raise refusal("names no database")
        return value

    @field_validator("REDIS_URL")
    @classmethod
    def check_redis(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse an address that no Redis client understands."""
        for url in value:
            parts = split_url(url, ("redis", "rediss", "unix"))
            if parts.scheme != "unix" and not parts.hostname:
                raise refusal("names no host")
            number = parts.path.strip("/")
            if parts.scheme != "unix" and number and not number.isdecimal():
                raise refusal("has a database that is no number")
        return value

    @field_validator("ALLOWED_HOSTS")
    @classmethod
    def check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse addresses where names belong."""
        for host in value:
            if "/" in host or " " in host or (":" in host and not host.startswith("[")):
                raise refusal(f"takes host names without scheme or port, not '{host}'")
        return value

    @field_validator("TRUSTED_PROXIES")
    @classmethod
    def check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is neither an address nor a network, and to trust everybody."""
        for proxy in value:
            try:
                network = ip_network(proxy)
            except ValueError:
                raise refusal(f"takes addresses and networks, as 10.0.0.0/8, not '{proxy}'") from None
            if network.prefixlen == 0:
                raise refusal(f"must not trust everybody, as '{proxy}' does")
        return value

    @field_validator("MEDIA_STORAGE_OPTIONS", mode="before")
    @classmethod
    def read_options(cls, value: object) -> object:
        """Read a JSON object, which is not to be told when it is none."""
        try:
            options = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            options = None
        if not isinstance(options, dict):
            raise refusal("is no JSON object")
        return options

    @field_validator("MEDIA_STORAGE")
    @classmethod
    def check_storage(cls, value: str) -> str:
        """Refuse a storage whose module is not installed."""
        module, _, name = value.rpartition(".")
        try:
            is_there = bool(module and name.isidentifier() and importlib.util.find_spec(module))
        except (ImportError, ValueError):
            is_there = False
        if not is_there:
            raise refusal(f"names no storage that is installed: '{value}'")
        return value

    @field_validator("CORS_ORIGINS", "MEDIA_ORIGINS")
    @classmethod
    def check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what no browser ever sends as its origin."""
        for origin in value:
            parts = split_url(origin, ("http", "https"))
            if not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}" or parts.username or "*" in origin:
                raise refusal(f"takes origins as https://shop.example, not '{origin}'")
        return value

    @field_validator("SECRET_KEY")
    @classmethod
    def check_key(cls, value: str | None) -> str | None:
        """Refuse a key that can be guessed."""
        if value is not None and (len(value) < SHORTEST_KEY or len(set(value)) < FEWEST_KEY_CHARACTERS):
            raise refusal(f"is weak: take at least {SHORTEST_KEY} random characters")
        return value

    @field_validator("BRIGADE_HOME")
    @classmethod
    def anchor_home(cls, value: Path) -> Path:
        """Take a relative folder from where manage.py is, wherever the command was typed."""
        home = BASE_DIR / value.expanduser()
        if home.exists() and not home.is_dir():
            raise refusal("is no folder")
        return home

    @model_validator(mode="after")
    def refuse_unsafe_production(self) -> "Environment":
        """Refuse to serve the public with defaults that are only safe on the own machine."""
        if self.DEBUG or self.is_local_command:
            return self
        if self.SECRET_KEY is None:
            raise refusal("SECRET_KEY is required when DEBUG is false")
        if not self.ALLOWED_HOSTS:
            raise refusal("ALLOWED_HOSTS is required when DEBUG is false")
        if "*" in self.ALLOWED_HOSTS:
            raise refusal("ALLOWED_HOSTS must not be * when DEBUG is false")
        return self

    @property
    def has_requests(self) -> bool:
        """True for a server, false for a command of manage.py that works alone."""
        return os.environ.get("BRIGADE_COMMAND", "") in SERVING_COMMANDS

    @property
    def is_local_command(self) -> bool:
        """True for a command typed beside a local `up`, which shares that one's database and key."""
        command = os.environ.get("BRIGADE_COMMAND", "")
        return bool(command) and self.DATABASE_URL is None and "DEBUG" not in self.model_fields_set


def complaint(error: ValidationError) -> str:
    """Put everything that is wrong with the environment in one line, without giving secrets away."""
    complaints = []
    for item in error.errors(include_url=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        shown = "" if name in SECRETS or item["type"] == "refused" else f" (it is {item['input']!r})"
        message = item["msg"] if item["type"] == "refused" else item["msg"][0].lower() + item["msg"][1:]
        complaints.append(f"{name} {message}{shown}".strip())
    return "; ".join(complaints).replace("\n", " ")


def load() -> Environment:
    """Read the environment, or end the process with one line that says what is wrong."""
    try:
        return Environment()
    except ValidationError as error:
        stop(complaint(error))


def secret_key(environment: Environment) -> str:
    """Return the key that signs sessions and tokens: the operator's, or the local installation's own."""
    if environment.SECRET_KEY is not None:
        return environment.SECRET_KEY
    home = environment.BRIGADE_HOME
    if not environment.DEBUG and not (home / KEY_FILE).exists():
        # A command that serves nobody, on a machine where `up` never ran: what it signs ends with it.
        return secrets.token_urlsafe(48)
    try:
        return local_key(home)
    except OSError as error:
        stop(f"SECRET_KEY is not set and none can be kept under BRIGADE_HOME: {error}")


def no_database(home: Path) -> str:
    """Say that there is no database, and what would make one."""
    return f"no database: `manage.py up` does not run on {home}, and DATABASE_URL is not set"


def stop(reason: str) -> NoReturn:
    """End the start with one line and exit code 2."""
    sys.stderr.write(f"brigade: {reason}\n")
    raise SystemExit(2)


def settings_table() -> str:
    """Write the README's table of settings, from the fields above."""
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, field in Environment.model_fields.items():
        default = "" if field.default in (None, (), {}) else f"`{str(field.default).lower()}`"
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(lines)
