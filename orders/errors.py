"""Everything that a restaurant may be refused, and the stable code of each refusal.

DomainError
├── Invalid (400)            what was sent can't be right, whatever the state
│   └── InvalidFields        several fields at once, each with its pointer
├── KeyReused (422)          an Idempotency-Key came with another request than its first
├── TooManyAttempts (429)    too many failed sign-ins
├── RateLimited (429)        too many requests
├── TooLarge (413)           more was sent than is taken
├── NotAllowed (403)         this role may not
├── NotFound (404)           unknown, or another restaurant's
├── OutOfReach (503)         a service that this needs does not answer
└── Conflict (409)           right in itself, but not in the present state
    ├── InvalidTransition    the state machine has no such step from here
    ├── StaleVersion         somebody else changed it first (412 over HTTP)
    ├── OutOfStock           fewer portions are left than were asked for
    ├── Unavailable          the dish is 86'd
    ├── Duplicate            the restaurant has it already
    ├── InUse                other rows still refer to it
    ├── LastOwner            nobody would own the restaurant any more
    ├── NotPaid              the bill is still open
    ├── NotPayable           there is no bill to pay: a draft, or a cancelled order
    ├── Overpaid             more would be paid than is on the bill
    ├── RefundTooLarge       less is left of the payment
    ├── AlreadyAsked         the order's cancellation waits for the kitchen's word already
    ├── AlreadyDecided       somebody else has accepted or rejected the cancellation
    ├── TooLate              the time for it has passed
    ├── MovedAlready         somebody else did it first
    ├── CourseHeld           the course is not fired yet
    ├── AllergyUnconfirmed   nobody has confirmed that the guest's allergy was seen to
    ├── KeyInProgress        the first request with this Idempotency-Key still runs
    └── NotEditable          the order or item has gone too far to be changed so

``config.problems`` turns them into problem+json, the WebSocket consumer into error replies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Kind = Literal[
    "invalid", "reused", "too many", "too large", "forbidden", "missing", "out of reach", "conflict", "stale"
]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: ``pointer`` is a JSON pointer into the body (RFC 6901)."""

    pointer: str
    code: str
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the problem as it stands in ``errors`` of a problem+json answer."""
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail, **self.extra}


class DomainError(Exception):
    """A refusal that the caller can understand and act upon."""

    kind: ClassVar[Kind] = "invalid"
    code: ClassVar[str] = "invalid"

    def __init__(self, detail: str, *, problems: list[FieldProblem] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems or []
        self.extra = extra


class Invalid(DomainError):
    """What was sent can't be right, whatever the state."""


class InvalidFields(Invalid):
    """Fields of the body are wrong; each is named."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("The request has invalid fields.", problems=problems)

    @classmethod
    def one(cls, pointer: str, code: str, detail: str, **extra: Any) -> InvalidFields:
        """Make the error for a single field."""
        return cls([FieldProblem(pointer, code, detail, extra)])


class KeyReused(DomainError):
    """An Idempotency-Key came with another request than its first."""

    kind = "reused"
    code = "idempotency_key_reused"


class TooManyAttempts(DomainError):
    """Too many sign-ins failed; ``wait_seconds`` says when to try again."""

    kind = "too many"
    code = "too_many_attempts"

    def __init__(self, detail: str, *, wait_seconds: int) -> None:
        super().__init__(detail)
        self.wait_seconds = wait_seconds


class TooLarge(DomainError):
    """More was sent than is taken."""

    kind = "too large"
    code = "too_large"


class RateLimited(DomainError):
    """Too many requests; ``wait_seconds`` says when to try again."""

    kind = "too many"
    code = "rate_limited"

    def __init__(self, detail: str, *, wait_seconds: int) -> None:
        super().__init__(detail)
        self.wait_seconds = wait_seconds


class NotAllowed(DomainError):
    """This role may not."""

    kind = "forbidden"
    code = "forbidden"


class NotFound(DomainError):
    """Unknown, or another restaurant's: the two can't be told apart from outside."""

    kind = "missing"
    code = "not_found"


class OutOfReach(DomainError):
    """A service that this needs, such as the storage of pictures, does not answer."""

    kind = "out of reach"
    code = "unavailable_now"


class Conflict(DomainError):
    """Right in itself, but not in the present state."""

    kind: ClassVar[Kind] = "conflict"
    code = "conflict"


class InvalidTransition(Conflict):
    """The state machine has no such step from here; ``allowed`` names those that it has.

    ``by_name`` and ``at`` say who brought it to where it is, and when, where that is known.
    """

    code = "invalid_transition"

    def __init__(
        self, *, subject: str, status: str, to: str, allowed: list[str], by_name: str = "", at: str = ""
    ) -> None:
        since = f" (by {by_name} at {at})" if by_name else ""
        who: dict[str, Any] = {"by_name": by_name, "at": at} if by_name else {}
        super().__init__(
            f"{subject} is {status}{since} and can't become {to}.", status_now=status, allowed=allowed, **who
        )


class StaleVersion(Conflict):
    """Somebody else changed the row since the caller read it."""

    kind = "stale"
    code = "stale"

    def __init__(self, *, version: int, current: int) -> None:
        super().__init__(f"Version {version} is not the current one, {current}.", version=current)


class OutOfStock(Conflict):
    """Fewer portions are left than were asked for; the problems name the dishes and what is left."""

    code = "out_of_stock"


class Unavailable(Conflict):
    """A dish is 86'd; the problems name it."""

    code = "unavailable"


class NotPaid(Conflict):
    """The bill is still open."""

    code = "not_paid"


class Duplicate(Conflict):
    """The restaurant has it already."""

    code = "duplicate"

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail, problems=[FieldProblem(pointer, "duplicate", detail)])


class InUse(Conflict):
    """Other rows still refer to it."""

    code = "in_use"


class LastOwner(Conflict):
    """Nobody would own the restaurant any more."""

    code = "last_owner"


class NotPayable(Conflict):
    """There is no bill to pay: a draft, or a cancelled order."""

    code = "not_payable"


class Overpaid(Conflict):
    """More would be paid than is on the bill.

    For a payment ``open`` names what can still be paid; for a change of the bill ``to_refund`` what has to be given
    back first.
    """

    code = "overpaid"


class RefundTooLarge(Conflict):
    """Less is left of the payment; ``left`` names how much."""

    code = "refund_too_large"


class AlreadyAsked(Conflict):
    """The order's cancellation waits for the kitchen's word already; ``pending_cancellation`` says whose and why."""


class AlreadyDecided(Conflict):
    """Somebody else has accepted or rejected the cancellation; ``decided_by_name`` and ``decided_at`` say who, when."""


class TooLate(Conflict):
    """The time for it has passed."""

    code = "too_late"


class MovedAlready(Conflict):
    """Somebody else did it first; ``by_name`` and ``at`` say who and when."""


class CourseHeld(Conflict):
    """The course is not fired yet; ``courses`` names those that are held."""

    code = "course_held"


class AllergyUnconfirmed(Conflict):
    """Nobody at the station has confirmed the alert; ``items`` are [{item_id, name, allergy_alert}]."""

    code = "allergy_unconfirmed"


class KeyInProgress(Conflict):
    """The first request with this Idempotency-Key still runs."""

    code = "idempotency_in_progress"


class NotEditable(Conflict):
    """The order or the item has gone too far to be changed so; ``by_name`` and ``at`` say who took it there, when."""

    code = "not_editable"

    def __init__(self, detail: str, *, by_name: str = "", at: str = "") -> None:
        if by_name:
            super().__init__(f"{detail} That was {by_name}, at {at}.", by_name=by_name, at=at)
        else:
            super().__init__(detail)
