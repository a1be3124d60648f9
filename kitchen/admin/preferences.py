"""The stations that can do a step, chosen one after the other: the first is preferred to the others."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kitchen.models import Station

# As many choices stand there at least, and so many empty ones after what is chosen: further ones come with each saving,
# so that the page needs no script for them.
_LEAST = 3
_SPARE = 1


class StationsInOrder(forms.SelectMultiple):
    """A numbered list of choices, each of one station. Their order is that of the list."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Write a choice for each station that is chosen, and empty ones for more."""
        chosen = [str(pk) for pk in value or () if pk != ""]
        offered = [(str(pk), label) for pk, label in self.choices]
        count = min(max(_LEAST, len(chosen) + _SPARE), max(len(offered), 1))
        places = [*chosen, *[""] * (count - len(chosen))]
        rows = [self._choice(name, place, number, offered, attrs or {}) for number, place in enumerate(places)]
        return format_html(
            '<ol class="in-order">{}</ol>', format_html_join("", "<li>{}</li>", ((row,) for row in rows))
        )

    def _choice(
        self, name: str, chosen: str, number: int, offered: list[tuple[str, Any]], attrs: dict[str, Any]
    ) -> SafeString:
        none = _("The dish's own station") if number == 0 else _("No other")
        label = _("Preferred station") if number == 0 else _("Also at, choice %(number)d") % {"number": number + 1}
        field_id = f"{attrs.get('id', f'id_{name}')}" + (f"_{number}" if number else "")
        one = forms.Select(choices=[("", none), *offered])
        return SafeString(one.render(name, chosen, {"id": field_id, "aria-label": label}))

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """Have the label name the first choice."""
        return id_


class StationsField(forms.ModelMultipleChoiceField[Station]):
    """The stations in the order in which they were chosen."""

    widget = StationsInOrder
    default_error_messages = {"twice": gettext_lazy("%(name)s is named twice.")}

    def clean(self, value: Any) -> list[Station]:  # type: ignore[override]
        """Return the stations, the preferred one first; places that were left empty are none."""
        asked = [one for one in value or () if one != ""]
        found = {str(station.pk): station for station in super().clean(asked)}
        stations = [found[str(pk)] for pk in asked]
        for number, station in enumerate(stations):
            if station in stations[:number]:
                raise ValidationError(self.error_messages["twice"], code="twice", params={"name": station})
        return stations

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other stations are named, or the same in another order."""
        return [str(pk) for pk in initial or ()] != [str(pk) for pk in data or () if pk != ""]
