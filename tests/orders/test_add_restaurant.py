"""A new restaurant by `manage.py add_restaurant`: opened whole, or refused in one line with nothing written."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from orders.models import Allergen, Membership, Restaurant, User
from orders.services.restaurants import EU_ALLERGENS

pytestmark = pytest.mark.django_db(transaction=True)

MANAGE = Path(__file__).parents[2] / "manage.py"


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIGADE_PASSWORD", "salt and embers")


def add(slug: str = "harbour", *, currency: str = "EUR", owner: str = "hanna", timezone: str = "Europe/Oslo") -> str:
    output = io.StringIO()
    call_command(
        "add_restaurant",
        slug,
        name="Harbour Grill",
        currency=currency,
        owner=owner,
        timezone=timezone,
        stdout=output,
    )
    return output.getvalue()


def test_restaurant_has_owner_and_allergens_when_added() -> None:
    said = add()

    restaurant = Restaurant.objects.get()
    assert (restaurant.slug, restaurant.name, restaurant.currency) == ("harbour", "Harbour Grill", "EUR")
    assert restaurant.timezone == "Europe/Oslo"
    assert set(Allergen.objects.values_list("name", flat=True)) == set(EU_ALLERGENS)
    assert Allergen.objects.count() == 14
    assert list(Membership.objects.values_list("user__username", "role", "is_active")) == [("hanna", "owner", True)]
    assert User.objects.get().check_password("salt and embers")
    assert said == "Harbour Grill (harbour) is open. hanna is its owner.\n"


def test_password_is_kept_when_the_owner_is_known() -> None:
    User.objects.create_user("hanna", password="what she had")

    said = add()

    assert User.objects.get().check_password("what she had")
    assert said == "Harbour Grill (harbour) is open. hanna is its owner, with the password they had.\n"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"slug": "har bour"}, "slug: Enter a valid “slug” consisting of letters, numbers, underscores or hyphens."),
        ({"slug": "x" * 51}, "slug: Ensure this value has at most 50 characters (it has 51)."),
        ({"currency": "euro"}, "currency: 'euro' is not a currency code of ISO 4217."),
        ({"currency": "E1"}, "currency: 'E1' is not a currency code of ISO 4217."),
        ({"currency": "KWD"}, "currency: KWD has more than two decimals, and amounts have two here."),
        ({"timezone": "Oslo"}, "timezone: 'Oslo' is not a time zone of the IANA database."),
        (
            {"owner": "hanna berg"},
            "username: Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
        ),
    ],
)
def test_line_says_what_is_wrong_when_input_is_bad(options: dict[str, str], line: str) -> None:
    with pytest.raises(CommandError) as refusal:
        add(**options)

    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert (Restaurant.objects.count(), User.objects.count(), Membership.objects.count()) == (0, 0, 0)


def test_restaurant_is_refused_when_the_slug_is_taken() -> None:
    add()

    with pytest.raises(CommandError, match=r"^There is a restaurant harbour already\.$"):
        add(owner="ida")

    assert Restaurant.objects.count() == 1
    assert not User.objects.filter(username="ida").exists()


def test_nothing_is_written_when_the_password_is_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIGADE_PASSWORD", "12345")

    with pytest.raises(CommandError, match=r"^password: This password is too short\."):
        add()

    assert (Restaurant.objects.count(), User.objects.count()) == (0, 0)


def test_restaurant_is_refused_when_the_owner_may_not_sign_in() -> None:
    User.objects.create_user("hanna", password="what she had", is_active=False)

    with pytest.raises(CommandError, match=r"^hanna may no longer sign in, and so can't be the owner\.$"):
        add()

    assert Restaurant.objects.count() == 0


def test_password_is_asked_of_the_environment_when_nobody_can_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BRIGADE_PASSWORD")
    empty = tmp_path / "stdin"
    empty.touch()

    with empty.open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        with pytest.raises(CommandError, match=r"^hanna is new: set BRIGADE_PASSWORD, or run this in a terminal"):
            add()

    assert Restaurant.objects.count() == 0


@pytest.mark.usefixtures("_other_process")
def test_restaurant_is_opened_when_the_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIGADE_PASSWORD")

    said = run_in_terminal(["harbour", "--name=Harbour", "--currency=EUR", "--owner=hanna"], "salt and embers\n" * 2)

    assert "is open. hanna is its owner." in said
    assert User.objects.get().check_password("salt and embers")


@pytest.mark.usefixtures("_other_process")
def test_restaurant_is_refused_when_the_typed_passwords_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIGADE_PASSWORD")

    said = run_in_terminal(["harbour", "--name=Harbour", "--currency=EUR", "--owner=hanna"], "one secret\nanother\n")

    assert "CommandError: The two passwords differ." in said
    assert Restaurant.objects.count() == 0


@pytest.fixture
def _other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points a command in a process of its own at the test's database."""
    address, _, _ = str(settings.DATABASE_URL).rpartition("/")
    monkeypatch.setenv("DATABASE_URL", f"{address}/{connection.settings_dict['NAME']}")


def run_in_terminal(arguments: list[str], typed: str) -> str:
    """Run the command at a terminal of its own, type what it asks for, return all that the terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "add_restaurant", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    lines = typed.splitlines(keepends=True)
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the terminal closes with its last process
            break
        if not chunk:
            break
        shown += chunk
        if lines and shown.endswith(b": "):
            os.write(ours, lines.pop(0).encode())
    os.close(ours)
    process.wait()
    return shown.decode()
