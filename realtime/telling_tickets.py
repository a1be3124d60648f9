"""What became of an order's ticket: its contract, its way, its items, what they have used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kitchen.models import Consumption, Ingredient, KitchenOrderItem, ProductionContract
from kitchen.shapes import KitchenOrderShape, step_shapes
from orders.aggregates import rows_of
from orders.shapes import timestamp
from orders.units import Change
from realtime import events
from realtime.drafts import Pairs, pairs
from realtime.stories import NEVER_TOLD, Telling

_TICKET_OF_STATUS = frozenset(
    {"status", "acknowledged_at", "started_at", "ready_at", "completed_at", "chef_id", "chef_name"}
)
_TICKET_OF_RECALL = _TICKET_OF_STATUS | {"recalled_at", "recall_reason", "estimated_ready_at"}
# What a course that is fired makes of the ticket: there is more to make, and another clock.
_TICKET_OF_FIRE = frozenset({"estimated_ready_at", "clock_at", "warn_at", "late_at"})
_TICKET_FIELDS = frozenset(KitchenOrderShape.__struct_fields__)
# What of an item other events tell than ``kitchen:order_updated``.
_TOLD_OF_ITEMS = frozenset(
    {
        "status",
        "steps",
        "started_at",
        "ready_at",
        "consumed_at",
        "station_id",
        "station_name",
        "station_ids",
        "held",
        "allergy_confirmed_by_name",
    }
)


def is_fired(change: Change) -> bool:
    """Whether an item's course was fired, rather than the item put into another one."""
    return change.kind == "updated" and change.fields.get("held") == (True, False) and "course" not in change.fields


def is_edited(change: Change) -> bool:
    """Whether an item changed in a way that no event of its own tells."""
    others = set(change.fields) - _TOLD_OF_ITEMS
    if change.fields.get("allergy_confirmed_by_name", (None, "x"))[1] == "":
        others.add("allergy_confirmed_by_name")
    if "held" in change.fields and not is_fired(change):
        others.add("held")
    return bool(others)


def asked_again(changes: list[Change]) -> Pairs:
    """Return for the history which alerts were raised, or raised again, and who had confirmed them; or nothing."""
    raised = [
        change
        for change in changes
        if change.kind == "updated"
        and ("allergy_alert" in change.fields or change.fields.get("allergy_confirmed_by_name", (None, "x"))[1] == "")
    ]
    before, after = ([_alert(change, side) for change in raised] for side in (0, 1))
    return {"allergy_alert": [before, after]} if raised else {}


def _alert(change: Change, side: int) -> str:
    item = change.instance
    assert isinstance(item, KitchenOrderItem)
    alert, by_name = (
        change.fields.get(name, (getattr(item, name),) * 2)[side]
        for name in ("allergy_alert", "allergy_confirmed_by_name")
    )
    said = f"{item.name}: {', '.join(alert) or '-'}"
    return f"{said} ({by_name})" if by_name else said


def is_step_done(change: Change) -> bool:
    """Whether a step of the item was done, or is no more."""
    old, new = change.fields.get("steps", ([], []))
    return [step["done"] for step in old or []] != [step["done"] for step in new]


def moved_steps(change: Change) -> list[dict[str, Any]]:
    """Return the steps that were given another station; ``was`` is the name of the one before."""
    old, new = change.fields.get("steps", ([], []))
    return [
        {**step, "was": before["station_name"]}
        for before, step in zip(old or [], new, strict=False)
        if before["station_id"] != step["station_id"]
    ]


class TicketTelling(Telling):
    """Tells what became of the kitchen's side of an order."""

    def tell_contracts(self) -> None:
        """Tell each version of the contract that was made."""
        for change in self.story.contracts:
            contract = change.instance
            assert isinstance(contract, ProductionContract)
            self.add(
                events.ContractCreated,
                contract_id=change.pk,
                version=contract.version,
                order_version=self.order.version,
                priority=contract.priority,
                estimated_ready_at=timestamp(contract.estimated_ready_at),
                changes={"contract_version": [contract.version - 1 or None, contract.version]},
            )

    def tell_ticket(self) -> None:
        """Tell what became of the ticket itself."""
        told = False
        rest: set[str] = set()
        changed_rest: Pairs = {}
        for change in self.story.ticket:
            if change.kind == "created":
                self.add_ticket(events.TicketNew, changes={"ticket_status": [None, change.instance.status]})  # type: ignore[attr-defined]
                told = True
                continue
            names = (set(change.fields) - NEVER_TOLD) & _TICKET_FIELDS
            if "status" in names:
                names -= self.tell_ticket_status(change)
            if "priority" in names:
                old, new = change.fields["priority"]
                changed = {"ticket_priority": [old, new]}
                self.add_ticket(events.TicketPriorityChanged, previous_priority=old, priority=new, changes=changed)
                names.discard("priority")
            rest |= names
            if "status" in names:  # cancelled, or sent back
                changed_rest["ticket_status"] = list(change.fields["status"])
        created = any(change.kind == "created" for change in self.story.ticket_items)
        edited = any(change.kind == "updated" and is_edited(change) for change in self.story.ticket_items)
        if (created and not told) or edited:
            rest.add("items")
        if any(is_fired(change) for change in self.story.ticket_items):
            rest -= _TICKET_OF_FIRE
        if rest and not told:
            changes = changed_rest | asked_again(self.story.ticket_items)
            self.add_ticket(events.TicketUpdated, changed_fields=sorted(rest), changes=changes)

    def tell_ticket_status(self, change: Change) -> frozenset[str]:
        """Tell one step of the ticket by its own event, and return what of it that tells: nothing without one."""
        ticket = self.ticket()
        assert ticket is not None
        old, new = change.fields["status"]
        changes = {"ticket_status": [old, new]} | pairs(change, "chef_name")
        if new == "acknowledged":
            chef = {"chef_id": ticket.chef_id, "chef_name": ticket.chef_name or None}
            self.add_ticket(events.TicketAcknowledged, changes=changes, **chef)
        elif new == "preparing" and old in ("pending", "acknowledged"):
            self.add_ticket(events.TicketPreparing, changes=changes)
        elif new == "ready":
            self.add_ticket(events.TicketReady, changes=changes)
        elif new == "completed":
            self.add_ticket(events.TicketCompleted, prep_time=ticket.prep_minutes, changes=changes)
        elif change.fields.get("recalled_at", (None, None))[1] is not None:
            changes |= pairs(change, "recall_reason")
            self.add_ticket(events.TicketRecalled, reason=ticket.recall_reason or None, changes=changes)
            return _TICKET_OF_RECALL
        else:
            return frozenset()
        return _TICKET_OF_STATUS

    def tell_ticket_items(self) -> None:
        """Tell how far each production item is, where it is made, and what was confirmed and fired."""
        ticket = self.ticket() if self.story.ticket_items else None
        items = {item.pk: item for item in rows_of(ticket, "items")} if ticket else {}
        for change in self.story.ticket_items:
            item = items.get(change.pk)
            if item is not None and change.kind == "updated":
                self.tell_ticket_item(change, item)
        for course in sorted({items[c.pk].course for c in self.story.ticket_items if c.pk in items and is_fired(c)}):
            self.add_ticket(events.CourseFired, course=course, changes={"fired_course": [None, course]})

    def tell_ticket_item(self, change: Change, item: KitchenOrderItem) -> None:
        """Tell what became of one production item."""
        which = {"ticket_item_id": [change.pk, change.pk]}
        if "status" in change.fields or is_step_done(change):
            old, new = change.fields.get("status", (item.status, item.status))
            self.add_ticket(
                events.TicketItemStatusChanged,
                item_id=change.pk,
                order_item_id=item.order_item_id,
                station_id=item.station_id,
                previous_status=old,
                status=new,
                steps=step_shapes(item),
                changes=which | pairs(change, "status", "steps"),
            )
        for step in moved_steps(change):
            place = {"station_id": step["station_id"], "station_name": step["station_name"]}
            self.add_ticket(
                events.StationAssigned,
                item_id=change.pk,
                changes=which | {"step": [step["name"]] * 2, "station_name": [step["was"], step["station_name"]]},
                **place,
            )
        confirmed_by = change.fields.get("allergy_confirmed_by_name", (None, None))[1]
        if confirmed_by:
            self.add_ticket(
                events.AllergyConfirmed,
                item_id=change.pk,
                confirmed_by_name=confirmed_by,
                changes=which | pairs(change, "allergy_confirmed_by_name"),
            )

    def tell_consumed(self) -> None:
        """Tell what the items that became ready have used, each ingredient once."""
        used: dict[int, tuple[Ingredient, Decimal]] = {}
        for change in self.story.consumed:
            row = change.instance
            assert isinstance(row, Consumption)
            before = used[row.ingredient_id][1] if row.ingredient_id in used else Decimal(0)
            used[row.ingredient_id] = (row.ingredient, before + row.quantity)
        if used:
            consumed = [
                events.ConsumedIngredient(pk, row.name, f"{quantity:.3f}", row.unit, f"{row.on_hand:.3f}")
                for pk, (row, quantity) in sorted(used.items())
            ]
            self.add_ticket(events.IngredientsConsumed, consumed=consumed)
