"""The API's addresses, with and without a trailing slash."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path, re_path, register_converter
from drf_spectacular.views import SpectacularSwaggerSplitView

from config import health
from config.documentation import Document
from config.problems import unknown_address
from kitchen.api import cancel_requests, contracts, ingredients, recipes, stations, ticket_acts, tickets
from kitchen.api import stats as kitchen_stats
from orders.api import (
    cancellations,
    counters,
    customers,
    devices,
    guest,
    history,
    images,
    items,
    menu,
    orders,
    payments,
    qr,
    sign_in,
    staff,
    stats,
    tables,
    tracking,
)
from orders.api.fields import BIGGEST_ID
from realtime.api import alerts, events


class IdConverter:
    """A row's id: a positive 64-bit number, written in one way."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """Return the id; raises ValueError, which is no match, for one that no row can have."""
        number = int(value)
        if number > BIGGEST_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        """Write the id."""
        return str(value)


register_converter(IdConverter, "id")

_VIEWS: dict[str, Any] = {
    "orders": orders.Orders,
    "orders/stats": stats.OrderStats,
    "orders/<id:order_id>": orders.OneOrder,
    "orders/<id:order_id>/confirm": orders.ConfirmOrder,
    "orders/<id:order_id>/status": orders.OrderStatusOf,
    "orders/<id:order_id>/transitions": orders.Transitions,
    "orders/<id:order_id>/history": history.History,
    "orders/<id:order_id>/production-contract": contracts.OneContract,
    "orders/<id:order_id>/production-contracts": contracts.Contracts,
    "orders/<id:order_id>/cancel-request": cancellations.CancelRequest,
    "orders/<id:order_id>/qr": qr.OrderCode,
    "orders/<id:order_id>/tracking-link": tracking.TrackingLink,
    "customers/<id:customer_id>/tracking-link": tracking.CustomerLink,
    "tables/<id:row_id>/qr": qr.TableCode,
    "qr/scan": qr.Scan,
    "guest": guest.Guest,
    "guest/menu": guest.GuestMenu,
    "guest/orders": guest.GuestOrders,
    "guest/orders/<id:order_id>": guest.OneGuestOrder,
    "orders/<id:order_id>/items": items.Lines,
    "orders/<id:order_id>/items/<id:item_id>": items.OneLine,
    "orders/<id:order_id>/items/<id:item_id>/status": items.LineStatus,
    "kitchen/orders": tickets.Tickets,
    "kitchen/orders/<id:ticket_id>": tickets.OneTicket,
    "kitchen/orders/by-order/<id:order_id>": tickets.TicketOfOrder,
    "kitchen/orders/<id:ticket_id>/status": tickets.TicketStatusOf,
    "kitchen/orders/<id:ticket_id>/acknowledge": tickets.AcknowledgeTicket,
    "kitchen/orders/<id:ticket_id>/items/status": tickets.TicketItemStatuses,
    "kitchen/orders/from-contract/<id:contract_id>": ticket_acts.TicketOfContract,
    "kitchen/orders/<id:ticket_id>/recall": ticket_acts.RecallTicket,
    "kitchen/orders/<id:ticket_id>/priority": ticket_acts.TicketPriority,
    "kitchen/orders/<id:ticket_id>/fire": ticket_acts.FireCourse,
    "kitchen/orders/<id:ticket_id>/items/<id:item_id>/station": ticket_acts.ItemStation,
    "kitchen/orders/<id:ticket_id>/items/<id:item_id>/confirm-allergy": ticket_acts.ConfirmAllergy,
    "kitchen/cancel-requests": cancel_requests.CancelRequests,
    "kitchen/cancel-requests/<id:request_id>/accept": cancel_requests.AcceptCancellation,
    "kitchen/cancel-requests/<id:request_id>/reject": cancel_requests.RejectCancellation,
    "kitchen/stations": stations.Stations,
    "kitchen/stations/<id:station_id>": stations.OneStation,
    "kitchen/stats": kitchen_stats.KitchenStats,
    "kitchen/all-day": kitchen_stats.AllDay,
    "events": events.Events,
    "alerts": alerts.Alerts,
    "devices": devices.Devices,
    "devices/<id:device_id>": devices.OneDevice,
    "staff": staff.Staff,
    "staff/<id:member_id>": staff.OneMember,
    "auth/token": sign_in.SignIn,
    "auth/refresh": sign_in.RefreshSignIn,
    "categories": menu.CategoryList,
    "categories/<id:row_id>": menu.CategoryRow,
    "food-types": menu.FoodTypeList,
    "food-types/<id:row_id>": menu.FoodTypeRow,
    "allergens": menu.AllergenList,
    "allergens/<id:row_id>": menu.AllergenRow,
    "menu-items": menu.MenuItemList,
    "menu-items/<id:row_id>": menu.MenuItemRow,
    "menu-items/<id:row_id>/availability": menu.Availability,
    "menu-items/<id:row_id>/image": images.ImageOfDish,
    "modifier-groups": menu.ModifierGroupList,
    "modifier-groups/<id:row_id>": menu.ModifierGroupRow,
    "recipes": recipes.Recipes,
    "recipes/<id:recipe_id>": recipes.OneRecipe,
    "ingredients": ingredients.IngredientList,
    "ingredients/<id:row_id>": ingredients.IngredientRow,
    "tables": tables.TableList,
    "tables/<id:row_id>": tables.TableRow,
    "tables/<id:row_id>/rotate-token": tables.RotateToken,
    "customers": customers.CustomerList,
    "customers/<id:row_id>": customers.CustomerRow,
    "counters": counters.Counters,
    "counters/<id:counter_id>": counters.OneCounter,
    "payments": payments.Payments,
    "payments/<id:payment_id>": payments.OnePayment,
    "payments/<id:payment_id>/refund": payments.Refunding,
}


# Anybody may read it, also somebody whose session or token is no good.
_DOCS = SpectacularSwaggerSplitView.as_view(
    url_name="schema", title="Brigade API", template_name="config/docs.html", authentication_classes=()
)


def _both(route: str, view: Any, name: str | None = None) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view)]


urlpatterns = [
    *(pattern for route, view in _VIEWS.items() for pattern in _both(route, view.as_view())),
    *_both("health/live", health.live, "live"),
    *_both("health/ready", health.ready, "ready"),
    *_both("schema", Document.as_view(), "schema"),
    *_both("docs", _DOCS, "docs"),
    re_path(r"", unknown_address),
]
