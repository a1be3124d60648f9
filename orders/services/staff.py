"""The people of a restaurant: who works there, as what, and who may change that."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from orders.actors import Actor
from orders.errors import FieldProblem, InvalidFields, LastOwner, NotAllowed, NotFound
from orders.models import Membership, User
from orders.services.saving import save_once
from orders.states import Role
from orders.units import unit_of_work

# Of somebody else's restaurant it says no more than of one's own: that the name is taken.
_TAKEN = {"orders_user_username_key": ("/username", "This user name is taken.")}


@unit_of_work
def add_member(*, username: str, password: str, role: Role, actor: Actor, name: str = "") -> Membership:
    """Let somebody new sign in and work here. Whoever signs in elsewhere already is not joined by their name alone.

    Raises NotAllowed, InvalidFields for a name that can't be one or a weak password, Duplicate for a name in use.
    """
    actor.require(Role.MANAGER, to="add staff")
    _check_rank(actor, role)
    user = User(username=User.normalize_username(username), name=name)
    try:
        user.full_clean(exclude=["password"], validate_unique=False)
        validate_password(password, user)
    except ValidationError as error:
        raise _invalid(error) from error
    user.set_password(password)
    save_once(user, _TAKEN)
    return Membership.objects.create(restaurant_id=actor.restaurant_id, user=user, role=role)


@unit_of_work
def change_member(
    *, member_id: int, actor: Actor, role: Role | None = None, is_active: bool | None = None, name: str | None = None
) -> Membership:
    """Give somebody other work, another name, or an end of their work; tokens and sockets end with it.

    Locks the owners' memberships, then the member's.

    Raises NotAllowed, NotFound, LastOwner when nobody would own the restaurant any more.
    """
    actor.require(Role.MANAGER, to="change staff")
    own = Membership.objects.select_for_update(no_key=True, of=("self",)).filter(restaurant_id=actor.restaurant_id)
    owners = set(own.filter(role=Role.OWNER, is_active=True).order_by("pk").values_list("pk", flat=True))
    member = own.select_related("user").filter(pk=member_id).first()
    if member is None:
        raise NotFound("There is no such member of staff.")
    _check_rank(actor, Role(member.role))
    if role is not None:
        _check_rank(actor, role)
    if name is not None and name != member.user.name:
        _rename(member.user, name, actor)
    member.role = role if role is not None else member.role
    member.is_active = is_active if is_active is not None else member.is_active
    if owners == {member.pk} and not (member.is_active and member.role == Role.OWNER):
        raise LastOwner("A restaurant keeps at least one owner: make somebody else one first.")
    member.save(update_fields=["role", "is_active"])
    return member


def _check_rank(actor: Actor, role: Role) -> None:
    """Raise NotAllowed where an owner's work is to be changed, or made, by somebody who is none."""
    if role == Role.OWNER and not actor.is_system and actor.role != Role.OWNER:
        raise NotAllowed("Only an owner may do this to an owner.", roles=[Role.OWNER.value])


def _rename(user: User, name: str, actor: Actor) -> None:
    """Change a name that colleagues see; that of somebody who is known elsewhere too is not one restaurant's."""
    elsewhere = Membership.objects.filter(user=user).exclude(restaurant_id=actor.restaurant_id)
    if user.is_superuser or elsewhere.exists():
        raise NotAllowed("This person's name is not this restaurant's alone to change.")
    user.name = name
    user.save(update_fields=["name"])


def _invalid(error: ValidationError) -> InvalidFields:
    by_field: dict[str, Any] = error.message_dict if hasattr(error, "error_dict") else {"password": error.messages}
    return InvalidFields(
        [FieldProblem(f"/{name}", "invalid", " ".join(messages)) for name, messages in sorted(by_field.items())]
    )
