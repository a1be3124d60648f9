"""Every saved or deleted row whose changes are news is noted in its unit of work. No rule, no I/O."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from orders.units import Change, TrackedModel, require_unit


@receiver(post_save)
def note_saved(
    sender: type[models.Model],
    instance: models.Model,
    created: bool,
    raw: bool,
    update_fields: Any = None,
    **_: Any,
) -> None:
    """Note a row that was inserted or updated. Fixtures loaded ``raw`` are no news."""
    if isinstance(instance, TrackedModel) and not raw:
        require_unit().note(Change.of(instance, "created" if created else "updated", update_fields))


@receiver(post_delete)
def note_deleted(sender: type[models.Model], instance: models.Model, **_: Any) -> None:
    """Note a row that was deleted."""
    if isinstance(instance, TrackedModel):
        require_unit().note(Change.of(instance, "deleted"))
