"""Answers kept for a client that asks again."""

from __future__ import annotations

from django.db import models


class StoredAnswer(models.Model):
    """The 2xx answer to a POST with an ``Idempotency-Key``, written in the transaction of its work.

    ``scope`` names the user or device and the restaurant; ``fingerprint`` is a SHA-256 of method, path and body.
    """

    scope = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("scope", "key"), name="stored_answer_once"),)

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
