"""By what guests are found: the words of their names, their phone number, their email.

As lexemes of a text search, each with the restaurant's id before it, in one index: the words of one restaurant's
guests are found beside each other, by how they begin, however many restaurants and guests there are.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func, Value
from django.db.models.functions import Cast, Lower
from django.db.models.sql.compiler import SQLCompiler

_NUMBER = re.compile(r"\+?[0-9][0-9 ()./-]*")


class GuestTerms(Func):
    """SQL for a guest's terms: ``12:ada 12:byron 12:+441234567``."""

    output_field = SearchVectorField()
    function = "array_to_tsvector"

    def __init__(
        self, restaurant: Any = "restaurant", name: Any = "name", phone: Any = "phone", email: Any = "email"
    ) -> None:
        super().__init__(restaurant, name, phone, email)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        """Write the four columns into the expression that the index has."""
        restaurant, name, phone, email = (
            compiler.compile(expression)[0] for expression in self.get_source_expressions()
        )
        digits = f"regexp_replace({phone}, '[^0-9+]', '', 'g')"
        words = f"btrim(lower({name} || ' ' || {email}) || ' ' || {digits})"
        mark = f"{restaurant}::text || ':'"
        marked = f"{mark} || regexp_replace({words}, '\\s+', ' ' || {mark}, 'g')"
        return f"array_to_tsvector(string_to_array({marked}, ' '))", ()


def guests_like(restaurant_id: int, words: str) -> Func:
    """Return the condition that each of the words begins a word of the guest's name, the phone or the email.

    A phone number may be written with blanks, dashes and the like.
    """
    plain = words.strip()
    terms = [re.sub(r"[^0-9+]", "", plain)] if _NUMBER.fullmatch(plain) else plain.split()
    query = " & ".join(f"{_quoted(f'{restaurant_id}:{term}')}:*" for term in terms)
    # Small letters by PostgreSQL, as in the index: Python has others for some, such as the İ of a Turkish name.
    return Func(
        GuestTerms(),
        Cast(Lower(Value(query)), SearchQueryField()),
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )


def _quoted(term: str) -> str:
    """Quote a lexeme as PostgreSQL reads one."""
    doubled = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
