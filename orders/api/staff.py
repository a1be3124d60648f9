"""The staff: who works here, as what."""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body, Choice, Flag, Text
from orders.api.pages import OLDEST_FIRST, NoQuery, PageQuery, page, query_of
from orders.api.permissions import STAFF_ALONE
from orders.errors import Duplicate, LastOwner, NotFound
from orders.models import Membership
from orders.services.staff import add_member, change_member
from orders.states import Role

TAG = "staff"


class MemberShape(Struct, frozen=True):
    """Somebody's work here; ``user_id`` is the person, in events, orders and history."""

    id: int
    user_id: int
    username: str
    name: str
    role: Role
    is_active: bool


def member_shape(member: Membership) -> MemberShape:
    """Show a member of staff; reads ``member.user``."""
    user = member.user
    return MemberShape(
        id=member.pk,
        user_id=user.pk,
        username=user.username,
        name=user.display_name,
        role=Role(member.role),
        is_active=member.is_active and user.is_active,
    )


class MemberBody(Body):
    """Somebody new, with a password that they will change."""

    username = Text(max_length=150)
    password = Text(max_length=1000)
    name = Text(required=False, allow_blank=True, max_length=150)
    role = Choice(Role)


class MemberChangesBody(Body):
    """What may be changed of somebody's work; what is absent stays as it is."""

    role = Choice(Role, required=False)
    is_active = Flag(required=False)
    name = Text(required=False, max_length=150)


class OfStaff(Endpoint):
    """The staff is the manager's to see and to change, and no device's."""

    read_scope = STAFF_ALONE
    write_scope = STAFF_ALONE

    def members(self) -> QuerySet[Membership]:
        """Return who works, or has worked, here; raises NotAllowed."""
        self.actor.require(Role.MANAGER, to="see the staff")
        return Membership.objects.filter(restaurant_id=self.restaurant_id).select_related("user")


class Staff(OfStaff):
    """Everybody."""

    @documented("list_staff", tag=TAG, query=PageQuery, answers={200: paged(MemberShape)})
    def get(self, request: Request) -> HttpResponse:
        """List the staff."""
        query = query_of(request, PageQuery)
        return page(request, self.members(), member_shape, ordering=OLDEST_FIRST, query=query)

    @documented("add_member", tag=TAG, body=MemberBody, answers={201: shown(MemberShape)}, refuses=(Duplicate,))
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Let somebody new sign in and work here.

        Only an owner makes an owner. A user name that anybody has is refused as `duplicate`, here or elsewhere:
        somebody who works in another restaurant is joined by the operator.
        """
        query_of(request, NoQuery)
        member = add_member(actor=self.actor, **self.body(MemberBody))
        return answer(member_shape(member), HTTPStatus.CREATED, location=f"/api/staff/{member.pk}")


class OneMember(OfStaff):
    """One of the staff."""

    @documented("get_member", tag=TAG, answers={200: shown(MemberShape)})
    def get(self, request: Request, member_id: int) -> HttpResponse:
        """Return a member of staff."""
        query_of(request, NoQuery)
        member = self.members().filter(pk=member_id).first()
        if member is None:
            raise NotFound("There is no such member of staff.")
        return answer(member_shape(member))

    @documented(
        "change_member", tag=TAG, body=MemberChangesBody, answers={200: shown(MemberShape)}, refuses=(LastOwner,)
    )
    def patch(self, request: Request, member_id: int) -> HttpResponse:
        """Change somebody's role or name, or end their work here.

        An owner's work is changed by an owner alone, and a restaurant keeps at least one. Tokens stop working at
        once, sockets are closed, or leave the rooms that the new role has not, within 10 seconds.
        """
        query_of(request, NoQuery)
        return answer(
            member_shape(change_member(member_id=member_id, actor=self.actor, **self.body(MemberChangesBody)))
        )
