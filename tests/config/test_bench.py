"""`manage.py bench` where there is no benchmark, and how it asks for the packages it needs."""

import pytest
from django.core.management import CommandError, call_command, load_command_class

from config.management.commands import bench


def test_command_says_where_the_benchmark_is_when_it_is_not_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "BENCHMARK", "tests.nowhere.run")

    with pytest.raises(SystemExit) as ended:
        load_command_class("config", "bench").run_from_argv(["manage.py", "bench", "--quick"])

    assert str(ended.value) == (
        "CommandError: the benchmark is part of a source checkout, and not installed with Brigade"
    )


def test_command_names_the_package_when_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(_name: str) -> None:
        raise ModuleNotFoundError(name="psutil")

    monkeypatch.setattr("config.management.commands.bench.importlib.import_module", lacking)

    with pytest.raises(CommandError, match=r"^the benchmark needs psutil: pip install -e '\.\[test\]'$"):
        call_command("bench")


def test_command_complains_in_one_line_when_an_outcome_cannot_be_read() -> None:
    with pytest.raises(CommandError, match=r"^nowhere\.json cannot be read: No such file or directory$"):
        call_command("bench", "--from", "nowhere.json")
