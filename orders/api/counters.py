"""The tills: all staff read, the manager sets them up."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.request import Request

from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body, Text
from orders.api.pages import NoQuery, Ordering, PageQuery, page, query_of
from orders.api.permissions import STAFF_ALONE
from orders.errors import Duplicate, InUse, NotFound
from orders.models import Counter
from orders.scopes import Scope
from orders.services.counters import add_counter, delete_counter, rename_counter
from orders.shapes import Named

TAG = "payments"
_BY_NAME = Ordering(("name", "id"))


class CounterBody(Body):
    """A till."""

    name = Text(max_length=50)


class CounterChangesBody(Body):
    """The fields of a till that may be changed; what is absent stays as it is."""

    name = Text(required=False, max_length=50)


def _shape(counter: Counter) -> Named:
    return Named(counter.pk, counter.name)


class Counters(Endpoint):
    """All tills."""

    read_scope = Scope.PAYMENTS_READ
    write_scope = STAFF_ALONE

    @documented("list_counters", tag=TAG, query=PageQuery, answers={200: paged(Named)})
    def get(self, request: Request) -> HttpResponse:
        """List the counters."""
        query = query_of(request, PageQuery)
        rows = Counter.objects.filter(restaurant_id=self.restaurant_id)
        return page(request, rows, _shape, ordering=_BY_NAME, query=query)

    @documented("add_counter", tag=TAG, body=CounterBody, answers={201: shown(Named)}, refuses=(Duplicate,))
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Set up a counter."""
        counter = add_counter(actor=self.actor, **self.body(CounterBody))
        return answer(_shape(counter), HTTPStatus.CREATED, location=f"/api/counters/{counter.pk}")


class OneCounter(Endpoint):
    """One till."""

    read_scope = Scope.PAYMENTS_READ
    write_scope = STAFF_ALONE

    @documented("get_counter", tag=TAG, answers={200: shown(Named)})
    def get(self, request: Request, counter_id: int) -> HttpResponse:
        """Return one counter."""
        query_of(request, NoQuery)
        counter = Counter.objects.filter(restaurant_id=self.restaurant_id, pk=counter_id).first()
        if counter is None:
            raise NotFound("There is no such counter.")
        return answer(_shape(counter))

    @documented(
        "replace_counter_fields", tag=TAG, body=CounterChangesBody, answers={200: shown(Named)}, refuses=(Duplicate,)
    )
    def put(self, request: Request, counter_id: int) -> HttpResponse:
        """Change the fields that are sent."""
        return self._change(counter_id)

    @documented("change_counter", tag=TAG, body=CounterChangesBody, answers={200: shown(Named)}, refuses=(Duplicate,))
    def patch(self, request: Request, counter_id: int) -> HttpResponse:
        """Change the fields that are sent (the same as PUT)."""
        return self._change(counter_id)

    def _change(self, counter_id: int) -> HttpResponse:
        body = self.body(CounterChangesBody)
        return answer(_shape(rename_counter(counter_id=counter_id, actor=self.actor, **body)))

    @documented("delete_counter", tag=TAG, answers={204: None}, refuses=(InUse,))
    def delete(self, request: Request, counter_id: int) -> HttpResponse:
        """Take away a counter that nobody has paid at."""
        query_of(request, NoQuery)
        delete_counter(counter_id=counter_id, actor=self.actor)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
