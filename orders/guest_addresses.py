"""When two phone numbers, or two emails, are the same one, however they were typed."""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func
from django.db.models.sql.compiler import SQLCompiler


class PlainPhone(Func):
    """SQL for a phone number without what it is grouped by: ``+44 20 1234`` and ``+44 (20) 12-34`` are ``+44201234``.

    What has no digit at all, such as the name of an extension, stands for itself in small letters.
    """

    output_field = CharField()
    arity = 1

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        """Write the number into the expression that the index has."""
        phone, values = compiler.compile(self.get_source_expressions()[0])
        digits = f"regexp_replace({phone}, '[^0-9+]', '', 'g')"
        return f"coalesce(nullif({digits}, ''), lower({phone}))", (*values, *values)


def plain_phone(phone: str) -> str:
    """Return a phone number as ``PlainPhone`` has it."""
    return re.sub(r"[^0-9+]", "", phone) or phone.lower()


def plain_email(email: str) -> str:
    """Return an email as it is compared: nobody has two that differ in capital letters."""
    return email.lower()
