"""German says everything that English does, and the compiled catalogue is that of the source."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "templates" / "locale" / "de" / "LC_MESSAGES" / "django.po"
IN_TEMPLATES = re.compile(
    r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')|{%\s*blocktranslate[^%]*%}(.*?){%\s*endblock""", re.DOTALL
)
PLACEHOLDER = re.compile(r"%\(\w+\)s|{\w+}")


def written() -> dict[str, str]:
    """The messages of the source, as {English: German}."""
    pairs = re.findall(r'^msgid (".*")\nmsgstr (".*")$', CATALOGUE.read_text(), re.MULTILINE)
    return {ast.literal_eval(english): ast.literal_eval(german) for english, german in pairs if english != '""'}


def used() -> set[str]:
    """The messages that the pages and their Python ask for."""
    messages = set()
    for page in (ROOT / "templates").rglob("*.html"):
        for double, single, block in IN_TEMPLATES.findall(page.read_text()):
            messages.add(double or single or re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", block))
    for name in ("config/pages.py", "realtime/pages.py", "realtime/guest_pages.py", "realtime/board.py"):
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                assert isinstance(node.args[0], ast.Constant)
                messages.add(str(node.args[0].value))
    return messages


def test_every_message_of_the_screens_is_there_in_german() -> None:
    german = written()

    assert len(used()) > 80
    assert sorted(used() - german.keys()) == []
    assert [english for english, text in german.items() if not text] == []


def test_german_keeps_the_places_that_are_filled_in() -> None:
    wrong = [e for e, g in written().items() if sorted(PLACEHOLDER.findall(e)) != sorted(PLACEHOLDER.findall(g))]

    assert wrong == []


def test_compiled_catalogue_says_what_its_source_says() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    assert {english: compiled.gettext(english) for english in written()} == written()
