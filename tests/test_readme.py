"""The README is true: what can be generated is held against the code."""

from __future__ import annotations

from pathlib import Path

from config.reference import addresses_table
from realtime.commands import COMMANDS
from realtime.events import catalogue_table

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_readme_lists_every_event_of_the_catalogue() -> None:
    table = README.split("<!-- events -->")[1].split("<!-- /events -->")[0]

    assert table.strip() == catalogue_table()


def test_readme_lists_every_address_of_the_api() -> None:
    table = README.split("<!-- addresses -->")[1].split("<!-- /addresses -->")[0]

    assert table.strip() == addresses_table()


def test_readme_names_every_command_of_the_websocket() -> None:
    missing = [name for name in COMMANDS if f"`{name}`" not in README]

    assert missing == []
