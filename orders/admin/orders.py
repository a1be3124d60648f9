"""Orders in the admin: looked at, moved and corrected through the services, like everywhere else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders import states
from orders.actors import Actor
from orders.admin.base import OwnedForm, OwnFilter, ReadOnlyInline, RestaurantAdmin, badge
from orders.admin.payments import PaymentInline, RefundInline
from orders.admin.records import CancellationRequestInline, QRCodeInline, WithHistory
from orders.errors import DomainError
from orders.models import Order, OrderItem
from orders.reach import reach_of
from orders.services.orders import OrderChanges, delete_order, set_order_status, update_order
from orders.states import OrderStatus
from orders.units import open_unit

_ASKED_AS: dict[str, str] = {"table": "table_id", "customer": "customer_id"}


class _Tried(Exception):
    """A change that was only to be tried has gone well."""


class OrderForm(OwnedForm):
    """What a manager may correct on an order; the service is asked whether it will do."""

    actor: ClassVar[Actor]

    def clean(self) -> dict[str, Any]:
        """Try the change, and take it back: what the service would refuse is said beside its field."""
        cleaned = super().clean()
        if not self.errors and self.changed_data:
            try:
                self._try()
            except DomainError as refusal:
                self._refuse(refusal)
        return cleaned

    def _try(self) -> None:
        """Have the service change the order in a unit that is undone."""
        with suppress(_Tried), open_unit(self.actor):
            update_order(order_id=self.instance.pk, actor=self.actor, **self.changes())
            raise _Tried

    def changes(self) -> OrderChanges:
        """Return what the user has changed, as the service is asked for it."""
        asked: dict[str, Any] = {}
        for name in self.changed_data:
            value = self.cleaned_data[name]
            asked[_ASKED_AS.get(name, name)] = value.pk if name in _ASKED_AS and value is not None else value
        return cast("OrderChanges", asked)

    def _refuse(self, refusal: DomainError) -> None:
        fields = {problem.pointer.strip("/").removesuffix("_id"): problem.detail for problem in refusal.problems}
        named = {name: detail for name, detail in fields.items() if name in self.fields}
        for name, detail in named.items():
            self.add_error(name, detail)
        if not named:
            self.add_error(None, refusal.detail)


def _is_deleted(order: Order) -> bool:
    """Whether the service would delete the order: nobody cooks it, and there is no trace of money."""
    return order.status in states.NOT_YET_IN_KITCHEN and not order.payments.exists()


class ReasonForm(ActionForm):
    """An action on orders, with the reason that a late cancellation takes."""

    reason = forms.CharField(label=_("Reason:"), required=False, max_length=500)


class OrderItemInline(ReadOnlyInline):
    """The lines of an order, as they were ordered."""

    model = OrderItem
    fields = (
        "quantity", "name", "modifier_names", "special_instructions", "unit_price", "line_total", "status", "course",
        "void_reason",
    )  # fmt: skip
    readonly_fields = fields
    verbose_name_plural = _("items")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderItem]:
        """Read the lines with their modifiers."""
        rows: QuerySet[OrderItem] = super().get_queryset(request)
        return rows.prefetch_related("modifiers")

    @admin.display(description=_("modifiers"))
    def modifier_names(self, line: OrderItem) -> str:
        """Name the ways in which the dish is wanted."""
        return ", ".join(modifier.name for modifier in line.modifiers.all()) or "-"


@admin.register(Order)
class OrderAdmin(WithHistory, RestaurantAdmin[Order]):
    """Orders: found by number, guest or day; moved by actions; table, guest, notes and discount can be corrected."""

    form = OrderForm
    action_form = ReasonForm
    editable = ("table", "customer", "priority", "notes", "discount_amount")
    shared_fields = editable
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "restaurant", "order_number", "status_badge", "ticket_link", "asked_cancellation", "channel",
                    "external_id",
                ),
            },
        ),
        (_("May be corrected"), {"fields": editable}),
        (_("People"), {"fields": ("table_name", "customer_name", "waiter_name", "allergies")}),
        (
            _("Bill"),
            {
                "fields": (
                    "currency", "total_amount", "service_amount", "tax_amount", "final_amount", "paid_amount",
                    "refunded_amount", "payment_status", "unpaid_reason",
                ),
            },
        ),
        (
            _("Times"),
            {
                "fields": (
                    "business_date", "created_at", "updated_at", "confirmed_at", "estimated_ready_at", "ready_at",
                    "served_at", "completed_at", "cancelled_at", "cancel_reason", "version",
                ),
            },
        ),
        (_("History"), {"fields": ("history",)}),
    )  # fmt: skip
    inlines = (OrderItemInline, CancellationRequestInline, PaymentInline, RefundInline, QRCodeInline)
    autocomplete_fields = ("table", "customer")
    list_display = (
        "order_number", "status_badge", "channel", "table_name", "customer_name", "priority", "bill", "payment_status",
        "created_at",
    )  # fmt: skip
    list_filter = (
        "status", "channel", "priority", "payment_status", ("table", OwnFilter), "business_date",
    )  # fmt: skip
    list_select_related = ("restaurant",)
    date_hierarchy = "created_at"
    search_fields = ("order_number", "external_id", "table_name", "customer_name", "customer__phone", "notes")
    actions = ("confirm", "start", "make_ready", "serve", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Read the orders with their tickets' keys."""
        return super().get_queryset(request).select_related("ticket")

    def get_form(self, request: HttpRequest, obj: Order | None = None, change: Any = None, **kwargs: Any) -> Any:
        """Make the form, which asks the service as its user."""
        form: Any = super().get_form(request, obj, change=bool(change), **kwargs)
        form.actor = reach_of(request).actor(obj.restaurant_id if obj else None)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Say what may be corrected where something may."""
        may = self.has_change_permission(request, obj)
        sets = super().get_fieldsets(request, obj)
        return [(name if may or options["fields"] != [*self.editable] else None, options) for name, options in sets]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Everything but what may be corrected is the services' alone."""
        return [
            name for _, options in self.fieldsets for name in options["fields"] if name not in self.editable
        ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Orders are taken at the table and over the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A closed order stays as it is."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_open)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Offer to delete what the service would; every later order is cancelled, by its action."""
        return super().has_delete_permission(request, obj) and (obj is None or _is_deleted(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """Say which orders go, with all that is theirs; such as have gone too far keep the others."""
        kept = [f"{order} ({order.get_status_display()})" for order in objs if not _is_deleted(order)]
        return ([], {}, set(), kept) if kept else ([str(order) for order in objs], {}, set(), [])

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:
        """Have the service correct the order, which the kitchen then shows."""
        update_order(order_id=obj.pk, actor=form.actor, **form.changes())

    def delete_model(self, request: HttpRequest, obj: Order) -> None:
        """Have the service take the order back."""
        delete_order(order_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Have the service take the orders back, all or none."""
        for order in queryset.order_by("pk"):
            self.delete_model(request, order)

    # What the lists show ----------------------------------------------------------------------------

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, order: Order) -> SafeString:
        """Show the status as a word with a colour."""
        return badge("order", order.status, order.get_status_display())

    @admin.display(description=_("bill"), ordering="final_amount")
    def bill(self, order: Order) -> str:
        """Show what the guest pays."""
        return f"{order.final_amount} {order.currency}"

    @admin.display(description=_("ticket"))
    def ticket_link(self, order: Order) -> SafeString | str:
        """Lead to the order's ticket in the kitchen."""
        ticket = getattr(order, "ticket", None)
        if ticket is None:
            return "-"
        address = reverse("admin:kitchen_kitchenorder_change", args=(ticket.pk,))
        return format_html('<a href="{}">{}</a>', address, ticket.get_status_display())

    # What is done to several ------------------------------------------------------------------------

    @admin.action(description=_("Confirm: send to the kitchen"))
    def confirm(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Send pending orders to the kitchen."""
        self._set_status(request, queryset, OrderStatus.CONFIRMED)

    @admin.action(description=_("Start"))
    def start(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Say that the kitchen has begun."""
        self._set_status(request, queryset, OrderStatus.PREPARING)

    @admin.action(description=_("Ready"))
    def make_ready(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Say that everything is at the pass."""
        self._set_status(request, queryset, OrderStatus.READY)

    @admin.action(description=_("Serve, or send out"))
    def serve(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Say that the guest has it, or that it is on its way to the guest."""
        self._set_status(request, queryset, None)

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Cancel orders; those that the kitchen has, with the reason that was typed."""
        self._set_status(request, queryset, OrderStatus.CANCELLED)

    def _set_status(self, request: HttpRequest, orders: QuerySet[Order], to: OrderStatus | None) -> None:
        reason = request.POST.get("reason", "").strip()

        def act(order: Order) -> object:
            # After the pass each channel has a step of its own: to the table, or out of the house.
            step = to or states.next_statuses(OrderStatus.READY, order.channel)[0]
            actor = reach_of(request).actor(order.restaurant_id)
            return set_order_status(order_id=order.pk, to=step, actor=actor, reason=reason)

        self.each(
            request,
            orders,
            act,
            lambda count: ngettext("%(count)d order moved.", "%(count)d orders moved.", count) % {"count": count},
        )
