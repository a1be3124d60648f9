"""What the kitchen's board shows of a ticket: its order among the others, its age, its words.

``realtime/static/realtime/ticket.js`` builds the same cards from the same snapshot; a browser test
compares the two.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kitchen.states import RECALL_WITHIN
from orders.states import Priority

_RANKS = {Priority.VIP.value: 0, Priority.EXPRESS.value: 1, Priority.NORMAL.value: 2}
_RECALL_MINUTES = int(RECALL_WITHIN.total_seconds() // 60)
_DONE = ("ready", "cancelled")
# What a dish is asked without, in the languages of the menus: it must not be read as an addition.
_REMOVAL = re.compile(r"(?:no|without|hold|ohne|kein|keine|keinen)\s|[-\u2212]", re.IGNORECASE)


def board_texts(user_name: str) -> dict[str, Any]:
    """Return every word that both the server's page and its script write on tickets, in the reader's language.

    What somebody confirms on the board they confirm by their name.
    """
    return {
        "table": _("Table {name}"),
        "channels": {
            "dine_in": _("Dine-in"),
            "takeaway": _("Takeaway"),
            "delivery": _("Delivery"),
            "online": _("Online"),
        },
        "priorities": {"vip": _("VIP"), "express": _("Express")},
        "statuses": {
            "pending": _("New"),
            "acknowledged": _("Claimed"),
            "preparing": _("In work"),
            "ready": _("Ready"),
        },
        "item_statuses": {
            "pending": "",
            "preparing": _("In work"),
            "ready": _("Done"),
            "cancelled": _("Cancelled"),
        },
        "paces": {"ok": _("On time"), "warn": _("Hurry"), "late": _("Late"), "ready": _("Ready")},
        "actions": {"claim": _("Claim"), "start": _("Start"), "bump": _("Bump"), "clear": _("Clear")},
        "fire": _("Fire course {course}"),
        "allergy": _("Allergy!"),
        "allergy_confirm": _("Confirm as {name}").format(name=user_name),
        "allergy_confirmed": _("Confirmed by {name}"),
        "changes": {"added": _("Added"), "changed": _("Changed: {fields}"), "voided": _("Not wanted any more")},
        "fields": {
            "name": _("dish"),
            "quantity": _("quantity"),
            "modifiers": _("extras"),
            "special_instructions": _("instructions"),
            "course": _("course"),
        },
        "contains": _("Contains"),
        "held": _("Held, course {course}"),
        "claimed_by": _("Chef: {name}"),
        "recalled": _("Recalled"),
        "recalled_because": _("Recalled: {reason}"),
        "cancel_asked": _("Cancel?"),
        "cancel_said": _("{name}: {reason}"),
        "cancel_accept": _("Accept"),
        "cancel_reject": _("Reject"),
        **_said_by_the_script(),
    }


def _said_by_the_script() -> dict[str, Any]:
    return {
        "undo": _("Undo"),
        "bumping": {"ready": _("Ready in a moment"), "completed": _("Off the board in a moment")},
        "item_bumping": _("Done. Tap to undo"),
        "bump_held": _("Not sent: waiting for the connection"),
        "bump_sending": _("Sending"),
        "beaten": {
            "ready": _("{number} was bumped by {name} at {time}."),
            "completed": _("{number} was cleared by {name} at {time}."),
            "cancelled": _("{number} was cancelled by {name} at {time}. Stop making it."),
            "recalled": _("{number} was recalled by {name} at {time}."),
            "item": _("{number}: {item} was done by {name} at {time}."),
        },
        "somebody": _("somebody"),
        "moved": _("Nothing was pressed: something moved there just now. Look again."),
        "bump_taken_back": _("{number} changed while you bumped it. Nothing was sent: look again."),
        "new_ticket": _("New ticket {number}, {place}"),
        "ticket_changed": _("{number}, {place}, was changed."),
        "ticket_recalled": _("{number}, {place}, is recalled: make it again."),
        "ticket_recalled_because": _("{number}, {place}, is recalled: {reason}"),
        "ticket_reopened": _("{number}, {place}, is wanted again: make it."),
        "ticket_cancelled": _("{number}, {place}, is cancelled. Stop making it."),
        "cancel_news": _("{number}, {place}: asked to cancel. {said}"),
        "cancel_title": {
            "accept": _("Cancel {number}, {place}?"),
            "reject": _("Go on with {number}, {place}?"),
        },
        "refused": _("{number}: {reason}"),
        "faster": _("{name} was faster, at {time}. Look again."),
        **_of_the_recall_list(),
        "dismiss": _("Dismiss"),
        "more_notices": _("and {count} more"),
        "severities": {"info": _("Note"), "warning": _("Attention"), "error": _("Important")},
        "live": _("Live"),
        "live_polling": _("Every 2 seconds, because this network blocks WebSockets"),
        "stale": _("Stale since {time}"),
        "offline": _("Offline"),
        "reasons": {
            "": _("Reconnecting. Orders may be missing: don't rely on this board."),
            "connecting": _("Connecting. Orders may be missing until then."),
            "network": _("This device has no network. Orders may be missing."),
            "unauthenticated": _("You are signed out. Orders may be missing."),
            "forbidden": _("You may not see this kitchen any more."),
            "replaced": _("Too many screens are open for this user; this one was closed. Reload to take it back."),
            "stopped": _("This board was stopped. Reload the page."),
        },
        "errors": {
            "connection": _("There is no connection. Look again when the board is live."),
            "timeout": _("The server did not answer. Look whether it was changed."),
            "invalid_transition": _("Somebody was faster: this step is not possible any more."),
            "conflict": _("Somebody else changed it in the same moment. Look again."),
            "allergy_unconfirmed": _("Confirm first that the guest's allergy was seen to."),
            "course_held": _("A course of it is held: fire it first."),
            "stale": _("Somebody else changed it in the same moment. Look again."),
            "not_found": _("This ticket does not exist any more."),
            "too_late": _("Too late: it was ready more than {minutes} minutes ago.").format(minutes=_RECALL_MINUTES),
            "not_editable": _("It can't be changed so any more."),
            "invalid": _("Say why."),
            "forbidden": _("You may not do this."),
            "rate_limited": _("Too many taps at once. Try again."),
        },
    }


def _of_the_recall_list() -> dict[str, str]:
    return {
        "recall": _("Recall"),
        "recall_why": _("Why? It may stay empty."),
        "recall_send": _("Make it again"),
        "recall_leave": _("Not now"),
        "recall_ready": _("Ready at {time}"),
        "recall_gone": _("{number} is not in the list any more: somebody else was faster."),
        "recall_reason_refused": _("This can't be kept as a reason: it looks like the number of a card."),
        "recalls_loading": _("Looking what was made …"),
    }


@dataclass(frozen=True, slots=True)
class Card:
    """One ticket as the board shows it: the public shape, and what follows from it and the clock."""

    ticket: dict[str, Any]
    pace: str
    pace_text: str
    age: str
    place: str
    channel: str
    priority: str
    status: str
    claimed: str
    recalled: str
    allergies: str
    request: dict[str, Any] | None
    request_text: str
    lines: list[dict[str, Any]]
    fires: int | None
    fire_text: str
    actions: list[tuple[str, str, str]]


def board_cards(
    tickets: list[dict[str, Any]],
    requests: list[dict[str, Any]],
    *,
    text: dict[str, Any],
) -> list[Card]:
    """Lay the tickets out as the kitchen takes them: by priority, then the oldest first.

    ``requests`` are the cancellations that wait for the kitchen's word.
    """
    now = timezone.now()
    asked = {request["order_id"]: request for request in requests}
    in_order = sorted(tickets, key=lambda ticket: (_RANKS[ticket["priority"]], ticket["clock_at"], ticket["id"]))
    return [_card(ticket, asked.get(ticket["order_id"]), text=text, now=now) for ticket in in_order]


def _card(
    ticket: dict[str, Any],
    request: dict[str, Any] | None,
    *,
    text: dict[str, Any],
    now: dt.datetime,
) -> Card:
    pace = pace_of(ticket, now)
    fires = _held_course(ticket)
    channel = text["channels"][ticket["channel"]]
    table = ticket["table_name"]
    return Card(
        ticket=ticket,
        pace=pace,
        pace_text=text["paces"][pace],
        age=clock(age_seconds(ticket, now)),
        place=text["table"].format(name=table) if table else channel,
        channel=channel if table else "",
        priority=text["priorities"].get(ticket["priority"], ""),
        status=text["statuses"][ticket["status"]],
        claimed=text["claimed_by"].format(name=ticket["chef_name"]) if ticket["chef_name"] else "",
        recalled=_recall_text(ticket, text),
        allergies=", ".join(ticket["allergies"]),
        request=request,
        request_text=_request_text(request, text) if request else "",
        lines=[_line(ticket, item, text) for item in ticket["items"]],
        fires=fires,
        fire_text=text["fire"].format(course=fires),
        actions=[(status, key, text["actions"][key]) for status, key in _actions(ticket)],
    )


def _recall_text(ticket: dict[str, Any], text: dict[str, Any]) -> str:
    """Return that a ticket in work was made once already, and why it came back."""
    if ticket["status"] != "preparing" or ticket["recalled_at"] is None:
        return ""
    said: str = text["recalled_because" if ticket["recall_reason"] else "recalled"]
    return said.format(reason=ticket["recall_reason"])


def _request_text(request: dict[str, Any], text: dict[str, Any]) -> str:
    said: str = text["cancel_said"]
    return said.format(name=request["requested_by_name"], reason=request["reason"])


# What each status of a ticket offers: the status that the button sets, and the key of its text.
_ACTIONS = {
    "pending": [("acknowledged", "claim"), ("preparing", "start"), ("ready", "bump")],
    "acknowledged": [("preparing", "start"), ("ready", "bump")],
    "preparing": [("ready", "bump")],
    "ready": [("completed", "clear")],
}


def _actions(ticket: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the ticket offers: no bump where all that is left of it is held."""
    is_any = ticket["status"] == "ready" or any(_is_open(item) for item in ticket["items"])
    return [(status, key) for status, key in _ACTIONS[ticket["status"]] if is_any or key != "bump"]


def _is_open(item: dict[str, Any]) -> bool:
    return item["status"] not in _DONE and not item["held"]


def _asks_for_word(item: dict[str, Any]) -> bool:
    is_voided = item["change"] is not None and item["change"]["kind"] == "voided"
    is_wanted = item["status"] != "cancelled" and not is_voided and not item["held"]
    return is_wanted and bool(item["allergy_alert"]) and not item["allergy_confirmed_by_name"]


def _held_course(ticket: dict[str, Any]) -> int | None:
    held = [item["course"] for item in ticket["items"] if item["held"] and item["status"] not in _DONE]
    return min(held, default=None)


def age_seconds(ticket: dict[str, Any], now: dt.datetime) -> int:
    """Return how long the guest has waited; for a ready ticket, how long it has stood at the pass."""
    since = ticket["ready_at"] if ticket["status"] == "ready" and ticket["ready_at"] else ticket["clock_at"]
    return max(0, int((now - dt.datetime.fromisoformat(since)).total_seconds()))


def pace_of(ticket: dict[str, Any], now: dt.datetime) -> str:
    """Return ``ok``, ``warn`` or ``late``, as the ticket itself says from when on; ``ready`` when it is made."""
    if ticket["status"] == "ready":
        return "ready"
    for pace in ("late", "warn"):
        since = ticket[f"{pace}_at"]
        if since is not None and now >= dt.datetime.fromisoformat(since):
            return pace
    return "ok"


def clock(seconds: int) -> str:
    """Write 754 seconds as 12:34 and 3754 as 1:02:34."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _line(ticket: dict[str, Any], item: dict[str, Any], text: dict[str, Any]) -> dict[str, Any]:
    state = text["held"].format(course=item["course"]) if item["held"] else text["item_statuses"][item["status"]]
    return {
        "item": item,
        "state": "held" if item["held"] else item["status"],
        "state_text": state,
        "is_done": item["status"] == "ready",
        "is_closed": item["status"] in _DONE or item["held"] or ticket["status"] == "ready",
        "modifiers": [(bool(_REMOVAL.match(modifier["name"])), modifier["name"]) for modifier in item["modifiers"]],
        "change": _change_text(item, text),
        "alert": ", ".join(item["allergy_alert"]),
        "asks": _asks_for_word(item),
        "confirmed": text["allergy_confirmed"].format(name=item["allergy_confirmed_by_name"])
        if item["allergy_confirmed_by_name"]
        else "",
        "allergens": ", ".join(item["allergens"]),
    }


def _change_text(item: dict[str, Any], text: dict[str, Any]) -> str:
    """Return what the contract last did to a line, as long as it matters to who makes it."""
    change = item["change"]
    if change is None or (item["status"] in _DONE) != (change["kind"] == "voided") or item["status"] == "cancelled":
        return ""
    fields = ", ".join(text["fields"].get(name, name) for name in change["fields"])
    said: str = text["changes"][change["kind"]]
    return said.format(fields=fields)
