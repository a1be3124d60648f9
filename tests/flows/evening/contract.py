"""What the specification's page on events says, written down once more: the story is held against it, not the code."""

from __future__ import annotations

from typing import Any

_ORDER = "order_id order_number channel table_id version changes"
_TICKET = f"{_ORDER} kitchen_order_id kitchen_order"
_PAID = f"{_ORDER} customer_name payment_status"

# The rooms of each event: K kitchen and stations, W waiters, O orders and every till, T the table, # the order's own,
# D display, C the payment's till, c the customer. And what its data say.
EVENTS: dict[str, tuple[str, str]] = {
    "order:created": ("KWOTDc", f"{_ORDER} order"),
    "order:new": ("K", _TICKET),
    "order:updated": ("KWOT#c", f"{_ORDER} order changed_fields"),
    "order:confirmed": ("KWOT#c", f"{_ORDER} confirmed_at estimated_ready_at"),
    "order:status_changed": ("KWOT#Dc", f"{_ORDER} previous_status new_status status updated_at"),
    "order:deleted": ("KWOT#Dc", _ORDER),
    "order:cancel_request": ("KWO#", f"{_ORDER} request_id reason staff_id"),
    "order:cancelled": ("KWOT#Dc", f"{_ORDER} reason refund_amount"),
    "order:items_added": ("KWOT#c", f"{_ORDER} items new_total_amount new_final_amount"),
    "order-item:added": ("KO", f"{_ORDER} item"),
    "order-item:updated": ("KO#", f"{_ORDER} item changed_fields"),
    "order-item:removed": ("KOT#", f"{_ORDER} item_id"),
    "order:item_status_changed": ("KWOT#c", f"{_ORDER} item_id previous_status status"),
    "production-contract:created": ("K", f"{_ORDER} contract_id order_version priority estimated_ready_at"),
    "kitchen:order_acknowledged": ("KW#", f"{_TICKET} chef_id chef_name"),
    "kitchen:order_preparing": ("KWT#c", _TICKET),
    "kitchen:order_ready": ("KWT#Dc", _TICKET),
    "kitchen:order_completed": ("KWT#Dc", f"{_TICKET} prep_time"),
    "kitchen:order_updated": ("K", f"{_TICKET} changed_fields"),
    "kitchen:item_status_changed": (
        "K",
        f"{_TICKET} item_id order_item_id station_id previous_status status steps",
    ),
    "kitchen:order_recalled": ("KWT#Dc", f"{_TICKET} reason"),
    "kitchen:priority_changed": ("K", f"{_TICKET} previous_priority priority"),
    "kitchen:station_assigned": ("K", f"{_TICKET} item_id station_id station_name"),
    "kitchen:course_fired": ("KW", f"{_TICKET} course"),
    "kitchen:allergy_confirmed": ("KW", f"{_TICKET} item_id confirmed_by_name"),
    "kitchen:ingredients_consumed": ("", f"{_TICKET} consumed"),
    "kitchen:cancel_accepted": ("KW#", f"{_TICKET} request_id"),
    "kitchen:cancel_rejected": ("KW#", f"{_TICKET} request_id reason"),
    "station:updated": ("K", "station is_deleted"),
    "menu-item:updated": ("KWOT", "menu_item changed_fields"),
    "order:left": ("", "order_id order_number"),
    "payment:processed": (
        "OCD#",
        f"{_PAID} payment_id amount_paid payment_method transaction_reference status change",
    ),
    "payment:refunded": (
        "OCD#",
        f"{_PAID} refund_id refund_amount transaction_reference original_payment_id reason",
    ),
    "qr:scanned": ("OD#", f"{_ORDER} qr_id status scanned_count customer_name"),
}

# What the order-ready board is told; of payments and codes not their own status.
PUBLIC = {"order_id", "order_number", "channel", "status", "previous_status", "new_status", "payment_status"}

# What no guest is told, wherever in an event it stands.
FOR_STAFF = {
    "waiter_id",
    "customer_id",
    "waiter_name",
    "staff_id",
    "chef_id",
    "chef_name",
    "requested_by_id",
    "requested_by_name",
    "transaction_reference",
    "confirmed_by_name",
    "kitchen_order",
}


def names_in(kind: str) -> set[str]:
    """Return the names in the data of an event."""
    return set(EVENTS[kind][1].split())


def for_public(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return what the board is told of an event, whole."""
    told = {name: value for name, value in data.items() if name in PUBLIC}
    if kind.startswith(("payment:", "qr:")):
        told.pop("status", None)
    if "order" in data:
        told["status"] = data["order"]["status"]
    return told


def check_guest(whole: Any, seen: Any, name: str = "") -> None:
    """Check a guest's copy of a value: the same, but for what is null or cut to a first name."""
    if name in FOR_STAFF:
        assert seen is None, f"a guest is told {name}: {seen!r}"
    elif name == "customer_name" and whole:
        assert seen == whole.split()[0]
    elif isinstance(whole, dict):
        assert set(seen) == set(whole)
        for key, value in whole.items():
            check_guest(value, seen[key], key)
    elif isinstance(whole, list):
        assert len(seen) == len(whole)
        for value, copy in zip(whole, seen, strict=True):
            check_guest(value, copy, name)
    else:
        assert seen == whole, name
