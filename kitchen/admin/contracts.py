"""Production contracts in the admin: to look at, since nothing of them is ever changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kitchen.models import ProductionContract
from orders.admin.base import ReadOnlyInline, RestaurantAdmin
from orders.admin.orders import OrderAdmin


def table_of(heads: list[str], rows: list[tuple[str, ...]]) -> SafeString:
    """Show rows as a table."""
    head = format_html_join("", "<th>{}</th>", ((each,) for each in heads))
    lines = [format_html("<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((cell,) for cell in row))) for row in rows]
    body = format_html_join("", "{}", ((line,) for line in lines))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


def said_of_steps(steps: list[dict[str, Any]]) -> str:
    """Say in which steps something is made, how long each takes and where; a tick for what is done."""
    said = []
    for step in steps:
        place = f", {step['station_name']}" if step["station_name"] else ""
        tick = "✓ " if step.get("done") else ""
        said.append(f"{tick}{step['name']} ({step['minutes']} min{place})")
    return " → ".join(said)


class ContractInline(ReadOnlyInline):
    """The versions of what the kitchen was asked to make of an order."""

    model = ProductionContract
    fields = (
        "version", "priority", "complexity", "estimated_minutes", "naive_minutes", "estimated_ready_at", "created_at",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ("-version",)
    show_change_link = True
    verbose_name_plural = gettext_lazy("production contracts")


@admin.register(ProductionContract)
class ProductionContractAdmin(RestaurantAdmin[ProductionContract]):
    """What the kitchen was asked to make, version by version."""

    fields = (
        "restaurant", "order", "version", "schema_version", "channel", "table_name", "notes", "allergies", "made",
        "priority", "complexity", "estimated_minutes", "naive_minutes", "estimated_ready_at", "created_at",
    )  # fmt: skip
    readonly_fields = ("made",)
    list_display = (
        "order_number", "version", "priority", "complexity", "estimated_minutes", "naive_minutes", "estimated_ready_at",
        "created_at",
    )  # fmt: skip
    list_filter = ("priority", "channel")
    list_select_related = ("restaurant",)
    search_fields = ("order_number",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An order's changes make them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was asked was asked."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They outlast their orders."""
        return False

    @admin.display(description=gettext_lazy("items"))
    def made(self, contract: ProductionContract) -> SafeString:
        """Show what is to be made, with what the cook is told of it."""
        heads = [_("Quantity"), _("Name"), _("Instructions"), _("Course"), _("Allergens"), _("Steps"), _("Recipe")]
        return table_of(heads, [_cells(item) for item in contract.items])


def _cells(item: dict[str, Any]) -> tuple[str, ...]:
    alert = f" ⚠ {', '.join(item['allergy_alert'])}" if item["allergy_alert"] else ""
    return (
        str(item["quantity"]),
        item["name"],
        ", ".join(item["instructions"]) or "-",
        str(item["course"]),
        (", ".join(item["allergens"]) or "-") + alert,
        said_of_steps(item["steps"]),
        "-" if item["recipe_version"] is None else f"v{item['recipe_version']}",
    )


# The orders app knows no kitchen: the order's page is told of its contracts from here.
OrderAdmin.inlines = (*OrderAdmin.inlines, ContractInline)  # type: ignore[assignment]
