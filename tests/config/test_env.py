"""Whatever the operator gets wrong in the environment is said in one line before anything starts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import env
from config.env import BASE_DIR, Environment, settings_table

KEY = "dGhlIHNhdWNpZXIgaGFzIGEgc3Ryb25nIGtleQ-0123456789-abcdefghij"
PRODUCTION = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": "brigade.example"}
DATABASE = "postgresql://chef:hollandaise@db.example:5432/brigade"

NO_DATABASE = (
    f"brigade: no database: `manage.py up` does not run on {BASE_DIR / 'no-such-home'}, and DATABASE_URL is not set\n"
)

MALFORMED = [
    ("RATE_LIMIT_STAFF", "-1", "input should be greater than or equal to 0"),
    ("RATE_LIMIT_GUESTS", "many", "input should be a valid"),
    ("RATE_LIMIT_ADDRESS", "-1", "input should be greater than or equal to 0"),
    ("MEDIA_STORAGE", "storages.backends.nowhere.Storage", "names no storage that is installed"),
    ("MEDIA_STORAGE", "Storage", "names no storage that is installed"),
    ("MEDIA_STORAGE_OPTIONS", "bucket", "is no JSON object"),
    ("MEDIA_STORAGE_OPTIONS", "[]", "is no JSON object"),
    ("MEDIA_ORIGINS", "pictures.example", "must begin with http:// or https://"),
    ("MEDIA_ORIGINS", "https://pictures.example/menu", "takes origins as https://shop.example"),
    ("DATABASE_URL", "mysql://db.example/brigade", "must begin with postgresql:// or postgres://"),
    ("DATABASE_URL", "brigade", "must begin with postgresql:// or postgres://"),
    ("DATABASE_URL", "postgresql://db.example", "names no database"),
    ("DATABASE_URL", "postgresql://db.example:port/brigade", "is no address"),
    ("DATABASE_URL", "postgresql://db.example:99999/brigade", "is no address"),
    ("DATABASE_URL", "postgresql://db.example:0/brigade", "has port 0"),
    ("REDIS_URL", "http://layer.example", "must begin with redis:// or rediss:// or unix://"),
    ("REDIS_URL", "redis://layer.example,nonsense", "must begin with redis:// or rediss:// or unix://"),
    ("REDIS_URL", "redis://", "names no host"),
    ("REDIS_URL", "redis://layer.example/first", "has a database that is no number"),
    ("SECRET_KEY", "short", "is weak: take at least 32 random characters"),
    ("SECRET_KEY", "x" * 64, "is weak: take at least 32 random characters"),
    ("DEBUG", "perhaps", "input should be a valid boolean, unable to interpret input (it is 'perhaps')"),
    ("ALLOWED_HOSTS", "https://brigade.example", "takes host names without scheme or port"),
    ("ALLOWED_HOSTS", "brigade.example:8000", "takes host names without scheme or port"),
    ("TRUSTED_PROXIES", "proxy.example", "takes addresses and networks, as 10.0.0.0/8, not 'proxy.example'"),
    ("TRUSTED_PROXIES", "10.0.0.1, 10.0.0.1/8", "takes addresses and networks, as 10.0.0.0/8, not '10.0.0.1/8'"),
    ("TRUSTED_PROXIES", "*", "takes addresses and networks"),
    ("TRUSTED_PROXIES", "0.0.0.0/0", "must not trust everybody"),
    ("CORS_ORIGINS", "shop.example", "must begin with http:// or https://"),
    ("CORS_ORIGINS", "https://shop.example/menu", "takes origins as https://shop.example"),
    ("CORS_ORIGINS", "https://*.example", "takes origins as https://shop.example"),
    ("EVENT_RETENTION_DAYS", "a month", "input should be a valid integer"),
    ("EVENT_RETENTION_DAYS", "0", "input should be greater than or equal to 1 (it is '0')"),
    ("EVENT_RETENTION_DAYS", "2.5", "input should be a valid integer"),
    ("ORDER_QR_HOURS", "a day", "input should be a valid integer"),
    ("ORDER_QR_HOURS", "721", "input should be less than or equal to 720 (it is '721')"),
    ("TRACKING_LINK_HOURS", "0", "input should be greater than or equal to 1 (it is '0')"),
    ("LOG_FORMAT", "xml", "input should be 'text' or 'json' (it is 'xml')"),
    ("METRICS_TOKEN", "tiny", "string should have at least 16 characters"),
    ("DATABASE_POOL_SIZE", "1", "input should be greater than or equal to 2 (it is '1')"),
    ("DATABASE_POOL_TIMEOUT_SECONDS", "-1", "input should be greater than 0 (it is '-1')"),
    ("BRIGADE_HOME", "manage.py", "is no folder"),
    ("BRIGADE_LAYER_PREFIX", "two words", "string should match pattern"),
]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Environment.model_fields, "BRIGADE_COMMAND"):
        monkeypatch.delenv(name, raising=False)


def load_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> Environment:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return env.load()


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **values: str) -> str:
    """Return the one line in which the environment is refused."""
    with pytest.raises(SystemExit) as ended:
        load_with(monkeypatch, **values)
    line = capsys.readouterr().err
    assert ended.value.code == 2
    assert line.count("\n") == 1
    return line.rstrip("\n")


def run(*command: str, **values: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", **values}
    return subprocess.run(
        [sys.executable, *command], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("name", "value", "complaint"), MALFORMED)
def test_start_is_refused_in_one_line_when_a_value_is_malformed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, complaint: str
) -> None:
    line = refusal(monkeypatch, capsys, **{**PRODUCTION, name: value})

    assert line.startswith(f"brigade: {name} {complaint}")


def test_every_setting_has_a_refused_value_when_it_can_be_malformed() -> None:
    assert {name for name, _, _ in MALFORMED} == set(Environment.model_fields)


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_TOKEN", "DATABASE_URL", "REDIS_URL", "MEDIA_STORAGE_OPTIONS"])
def test_secrets_are_not_repeated_when_they_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    line = refusal(monkeypatch, capsys, **{**PRODUCTION, name: "s3cr3t"})

    assert "s3cr3t" not in line


def test_all_is_said_in_one_line_when_several_values_are_malformed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal(monkeypatch, capsys, **PRODUCTION, LOG_FORMAT="xml", EVENT_RETENTION_DAYS="none")

    assert "LOG_FORMAT" in line
    assert "EVENT_RETENTION_DAYS" in line


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "brigade: SECRET_KEY is required when DEBUG is false"),
        ({"SECRET_KEY": KEY}, "brigade: ALLOWED_HOSTS is required when DEBUG is false"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "*"}, "brigade: ALLOWED_HOSTS must not be * when DEBUG is false"),
        ({"ALLOWED_HOSTS": "brigade.example"}, "brigade: SECRET_KEY is required when DEBUG is false"),
        ({"SECRET_KEY": "", "ALLOWED_HOSTS": "a"}, "brigade: SECRET_KEY is required when DEBUG is false"),
    ],
)
def test_production_is_refused_when_a_default_is_unsafe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], values: dict[str, str], line: str
) -> None:
    assert refusal(monkeypatch, capsys, **values) == line


def test_values_are_read_when_all_are_well_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = load_with(
        monkeypatch,
        **PRODUCTION,
        DATABASE_URL=DATABASE,
        REDIS_URL="redis://one.example, redis://two.example:6380/3",
        TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,2001:db8::/32",
        CORS_ORIGINS="https://shop.example,http://localhost:3000",
        EVENT_RETENTION_DAYS="7",
        LOG_FORMAT="json",
    )

    assert environment.DATABASE_URL == DATABASE
    assert environment.REDIS_URL == ("redis://one.example", "redis://two.example:6380/3")
    assert environment.TRUSTED_PROXIES == ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")
    assert environment.CORS_ORIGINS == ("https://shop.example", "http://localhost:3000")
    assert environment.ALLOWED_HOSTS == ("brigade.example",)
    assert environment.EVENT_RETENTION_DAYS == 7
    assert environment.LOG_FORMAT == "json"
    assert environment.DEBUG is False


@pytest.mark.parametrize(
    "command", [["manage.py", "check"], ["-c", "import config.asgi"], ["-c", "import config.wsgi"]]
)
def test_process_ends_with_one_line_when_a_value_is_malformed(command: list[str]) -> None:
    ended = run(*command, **PRODUCTION, LOG_FORMAT="xml")

    assert ended.returncode == 2
    assert ended.stderr == "brigade: LOG_FORMAT input should be 'text' or 'json' (it is 'xml')\n"


@pytest.mark.parametrize("command", ["up", "runserver"])
def test_errors_are_shown_under_up_and_runserver_when_debug_is_not_set(command: str) -> None:
    # The refused port shows that the settings were accepted without a key, as only DEBUG does.
    option = "--port=none" if command == "up" else "none"
    quiet = run("manage.py", command, option, DATABASE_URL=DATABASE)
    strict = run("manage.py", command, DEBUG="false")

    assert "none" in quiet.stderr
    assert strict.returncode == 2
    assert strict.stderr == "brigade: SECRET_KEY is required when DEBUG is false\n"


def test_deploy_check_is_clean_when_the_settings_are_productions() -> None:
    ended = run("manage.py", "check", "--deploy", "--fail-level=WARNING", **PRODUCTION, DATABASE_URL=DATABASE)

    assert ended.returncode == 0, ended.stderr


def test_command_says_so_in_one_line_when_no_database_runs() -> None:
    ended = run("manage.py", "showmigrations", BRIGADE_HOME="no-such-home")

    assert ended.returncode == 1
    assert ended.stderr == NO_DATABASE


def test_server_does_not_start_when_no_database_runs(tmp_path: Path) -> None:
    ended = run("manage.py", "runserver", BRIGADE_HOME=str(tmp_path))
    served = run("-c", "import config.asgi", BRIGADE_HOME=str(tmp_path), **PRODUCTION)

    assert (ended.returncode, served.returncode) == (2, 2)
    assert ended.stderr == served.stderr
    assert ended.stderr == NO_DATABASE.replace(str(BASE_DIR / "no-such-home"), str(tmp_path))


def test_readme_has_the_table_of_settings_when_they_change() -> None:
    readme = (BASE_DIR / "README.md").read_text()

    found = re.search(r"<!-- settings -->\n(.*?)\n<!-- /settings -->", readme, re.DOTALL)

    assert found is not None
    assert found[1] == settings_table()


def test_every_setting_is_explained_when_the_table_is_made() -> None:
    assert all(field.description for field in Environment.model_fields.values())
