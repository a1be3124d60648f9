"""The tokens that guests hold: signed, never stored."""

from __future__ import annotations

from typing import Any

from django.core import signing

from orders.models import Table

TABLE_PREFIX = "tbl_"
_TABLE_SALT = "brigade.table"


def table_token(table: Table) -> str:
    """Return the token that is printed as the table's QR code; a new nonce of the table ends it."""
    return TABLE_PREFIX + signing.dumps([table.pk, table.nonce], salt=_TABLE_SALT)


def table_of(token: str) -> Table | None:
    """Return the table whose present token this is, or None."""
    try:
        pk, nonce = _load(token.removeprefix(TABLE_PREFIX))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Table.objects.select_related("restaurant").filter(pk=pk, nonce=nonce).first()


def _load(value: str) -> tuple[int, str]:
    content: Any = signing.loads(value, salt=_TABLE_SALT)
    pk, nonce = content
    return int(pk), str(nonce)
