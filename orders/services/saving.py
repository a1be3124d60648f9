"""Rows that are known by something of their own: the second of them is refused in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, models, transaction

from orders.errors import Duplicate


def save_once(row: models.Model, taken: Mapping[str, tuple[str, str]]) -> None:
    """Save a row; ``taken`` are {constraint: (pointer, what to say)}.

    Raises Duplicate when one of the constraints has another row already.
    """
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        refusal = taken.get(getattr(diagnosis, "constraint_name", None) or "")
        if refusal is None:
            raise
        pointer, detail = refusal
        raise Duplicate(detail, pointer) from error
