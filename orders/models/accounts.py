"""Restaurants, the people who work in them, and what each may do there."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from orders.money import why_no_currency
from orders.states import OPEN, Role


def check_timezone(name: str) -> None:
    """Raise ValidationError unless the name is of the IANA time zone database."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is not a time zone of the IANA database.", code="timezone")


def check_currency(code: str) -> None:
    """Raise ValidationError unless the code has the form of ISO 4217, and its amounts have two decimals at most."""
    problem = why_no_currency(code)
    if problem:
        raise ValidationError(problem, code="currency")


class User(AbstractUser):
    """Somebody who can sign in; what they may do stands in their memberships."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True, help_text="As colleagues see it.")

    objects: ClassVar[UserManager[User]] = UserManager()  # type: ignore[assignment]

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    @property
    def display_name(self) -> str:
        """The name that colleagues see."""
        return self.name or self.username

    def get_full_name(self) -> str:
        """Return the name that colleagues see (Django's admin asks for it so)."""
        return self.display_name

    def get_short_name(self) -> str:
        """Return the name that colleagues see."""
        return self.display_name


_rate = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))]


class Restaurant(models.Model):
    """The tenant: everything else belongs to exactly one restaurant."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=50, unique=True)
    currency = models.CharField(max_length=3, validators=[check_currency], help_text="ISO 4217.")
    timezone = models.CharField(max_length=64, default="UTC", validators=[check_timezone])
    day_starts_at = models.TimeField(default=dt.time(4), help_text="When the business day begins, local time.")
    order_prefix = models.CharField(max_length=8, default="T1", validators=[RegexValidator(r"^[A-Z0-9]+$")])
    tax_rate = models.DecimalField(max_digits=6, decimal_places=4, default=Decimal(0), validators=_rate)
    prices_include_tax = models.BooleanField(default=False)
    service_rate = models.DecimalField(max_digits=6, decimal_places=4, default=Decimal(0), validators=_rate)
    warn_after_minutes = models.PositiveSmallIntegerField(default=8)
    late_after_minutes = models.PositiveSmallIntegerField(default=15)
    channel_minutes = models.JSONField(
        default=dict,
        blank=True,
        help_text='Other ticket colours for a channel: {"delivery": {"warn": 12, "late": 25}}.',
    )
    auto_confirm = models.BooleanField(default=False, help_text="Orders reach the kitchen without staff confirming.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check that a ticket turns late after it has warned, for every channel, and that no open bill is converted."""
        before = Restaurant.objects.filter(pk=self.pk).values_list("currency", flat=True).first()
        if before not in (None, self.currency) and self.orders.filter(status__in=OPEN).exists():
            detail = f"Orders are open in {before}: close them before the currency changes."
            raise ValidationError({"currency": ValidationError(detail, code="in_use")})
        for channel, minutes in {"": self.lateness(""), **{c: self.lateness(c) for c in self.channel_minutes}}.items():
            if minutes[0] > minutes[1]:
                raise ValidationError(f"{channel or 'Tickets'}: late comes before warn.", code="minutes")

    def lateness(self, channel: str) -> tuple[int, int]:
        """Return after how many minutes a ticket of the channel warns, and is late."""
        own: dict[str, Any] = self.channel_minutes.get(channel, {})
        return int(own.get("warn", self.warn_after_minutes)), int(own.get("late", self.late_after_minutes))

    def business_date(self, moment: dt.datetime) -> dt.date:
        """Return the business day of a moment: before ``day_starts_at`` it is still yesterday's."""
        local = moment.astimezone(ZoneInfo(self.timezone))
        return local.date() - dt.timedelta(days=1 if local.time() < self.day_starts_at else 0)


class Membership(models.Model):
    """One person's work in one restaurant."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("restaurant", "user"), name="membership_once"),)
        ordering = ("restaurant_id", "user_id")

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
