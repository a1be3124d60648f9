"""Failed sign-ins, counted so that nobody can guess a password."""

from __future__ import annotations

from django.db import models


class FailedSignIn(models.Model):
    """One sign-in that failed: for which name, whether or not there is such a user, and from where."""

    account = models.CharField(max_length=150)
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("account", "at"), name="failed_sign_in_account"),
            models.Index(fields=("address", "at"), name="failed_sign_in_address"),
        )

    def __str__(self) -> str:
        return f"{self.account} at {self.at}"
