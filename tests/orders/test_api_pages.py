"""Lists: filtered, ordered, page by page, at a constant cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.utils import timezone

from orders.models import Order
from tests.factories import CategoryFactory, ChoiceFactory, CustomerFactory, ModifierFactory, TableFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db


def _ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["results"]]


def _walk(house: House, address: str, way: str = "next") -> list[list[int]]:
    """Return the ids of each page, following the links."""
    pages = []
    link: str | None = address
    while link:
        page = house.waiter.get(link).body
        pages.append(_ids(page))
        link = page[way] and page[way].removeprefix("http://testserver")
    return pages


def test_pages_follow_each_other_when_their_links_are_followed(house: House) -> None:
    ids = [house.order()["id"] for _ in range(5)]
    newest = ids[::-1]

    first = house.waiter.get("/api/orders?limit=2").body

    assert (_ids(first), first["previous"]) == (newest[:2], None)
    assert first["next"].startswith("http://testserver/api/orders?limit=2&cursor=")
    assert _walk(house, "/api/orders?limit=2") == [newest[:2], newest[2:4], newest[4:]]


def test_pages_lead_back_when_previous_is_followed(house: House) -> None:
    newest = [house.order()["id"] for _ in range(5)][::-1]
    second = house.waiter.get(house.waiter.get("/api/orders?limit=2").body["next"]).body
    last = house.waiter.get(second["next"]).body

    assert _ids(house.waiter.get(last["previous"]).body) == newest[2:4]
    assert _ids(house.waiter.get(second["previous"]).body) == newest[:2]
    back = house.waiter.get(second["previous"]).body
    assert (back["previous"], _ids(house.waiter.get(back["next"]).body)) == (None, newest[2:4])


@pytest.mark.parametrize("ordering", ["-id", "-created_at", "id", "updated_at"])
def test_no_row_is_missed_or_doubled_when_orders_arrive_between_pages(house: House, ordering: str) -> None:
    moment = timezone.now()
    first = [house.order()["id"] for _ in range(4)]
    Order.objects.update(silently=True, created_at=moment, updated_at=moment)
    page = house.waiter.get(f"/api/orders?limit=2&ordering={ordering}").body

    late = [house.order()["id"] for _ in range(3)]
    rest = _walk(house, page["next"].removeprefix("http://testserver"))

    seen = _ids(page) + [row for ids in rest for row in ids]
    falling = ordering.startswith("-")
    assert seen == (first[::-1] if falling else first + late)


def test_limit_is_taken_as_100_when_it_is_more(house: House) -> None:
    for n in range(101):
        CategoryFactory(restaurant=house.restaurant, name=f"{n:03d}", position=n % 7)

    page = house.waiter.get("/api/categories?limit=5000").body
    rest = house.waiter.get(page["next"]).body

    assert (len(page["results"]), len(rest["results"])) == (100, 2)
    assert len(house.waiter.get("/api/categories").body["results"]) == 50
    rows = [(row["position"], row["name"], row["id"]) for row in page["results"] + rest["results"]]
    assert rows == sorted(rows)


def test_bad_request_when_the_cursor_is_of_another_order(house: House) -> None:
    for _ in range(2):
        house.order()
    link = house.waiter.get("/api/orders?limit=1").body["next"]
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]

    tampered = house.waiter.get(f"/api/orders?cursor={cursor[:-1]}{'A' if cursor[-1] != 'A' else 'B'}")
    other = house.waiter.get(f"/api/orders?ordering=id&cursor={cursor}")

    assert (tampered.status, tampered.pointers) == (400, [("/cursor", "invalid")])
    assert (other.status, other.pointers) == (400, [("/cursor", "invalid")])


def test_cursor_leads_to_own_orders_only_when_it_is_another_restaurants(house: House, foreign: House) -> None:
    own = house.order()["id"]
    for _ in range(3):
        foreign.order()
    link = foreign.waiter.get("/api/orders?limit=1").body["next"]

    assert _ids(house.waiter.get(link).body) == [own]


def test_filters_select_what_they_name(house: House) -> None:
    table = TableFactory(restaurant=house.restaurant)
    guest = CustomerFactory(
        restaurant=house.restaurant, name="Ada Byron", phone="+44 (20) 1234", email="Ada@byron.example"
    )
    plain = house.order()
    other = house.order(table_id=table.pk, customer_id=guest.pk, priority="vip", external_id="shop-1")
    away = house.manager.post("/api/orders", house.order_body(channel="takeaway", table_id=None)).body
    done = house.order()
    house.manager.put(f"/api/orders/{done['id']}/status", {"status": "cancelled"})
    house.waiter.put(f"/api/orders/{plain['id']}/confirm")
    waiter = house.waiter.membership
    assert waiter is not None
    everything = [done["id"], away["id"], other["id"], plain["id"]]

    expected = {
        "status=pending": [away["id"], other["id"]],
        "status=confirmed,cancelled": [done["id"], plain["id"]],
        "status=confirmed&status=cancelled": [done["id"], plain["id"]],
        "status=confirmed,pending": everything[1:],
        "status=confirmed,cancelled&open=true": [plain["id"]],
        "status=confirmed&open=false": [],
        "channel=takeaway,dine_in": everything,
        "channel=takeaway,dine_in&status=cancelled,pending&priority=vip,normal": everything[:3],
        "payment_status=paid,unpaid&ordering=created_at": everything[::-1],
        "status=cancelled,draft&payment_status=paid": [],
        "status=completed&open=true": [],
        "open=false&priority=normal&channel=dine_in": [done["id"]],
        f"priority=normal&table={house.table.pk}": [done["id"], plain["id"]],
        "open=true": everything[1:],
        "open=false": [done["id"]],
        "channel=takeaway": [away["id"]],
        f"table={table.pk}": [other["id"]],
        f"customer={guest.pk}": [other["id"]],
        f"waiter={waiter.user_id}": [done["id"], other["id"], plain["id"]],
        "priority=vip,express": [other["id"]],
        "payment_status=unpaid": everything,
        "payment_status=paid": [],
        "external_id=shop-1": [other["id"]],
        "search=T1-00": everything,
        "search=t1-002": [other["id"]],
        "search=byr": [other["id"]],
        "search=ada+b": [other["id"]],
        "search=b+ada": [other["id"]],
        "search=da": [],
        "search=ada%40": [other["id"]],
        "search=%2B44+20": [other["id"]],
        "search=4420": [],
        "search=%27%29+%26+%7C%21%3A%2A%5C": [],
        "search=%25": [],
        "status=pending&priority=vip": [other["id"]],
        "ordering=id": everything[::-1],
    }
    assert {query: _ids(house.waiter.get(f"/api/orders?{query}").body) for query in expected} == expected


@pytest.mark.parametrize("way", ["next", "previous"])
@pytest.mark.parametrize(
    ("chosen", "falling"),
    [("priority=vip,express", True), ("priority=vip,express&status=pending,cancelled&ordering=id", False)],
)
def test_pages_of_several_values_follow_each_other_when_their_links_are_followed(
    house: House, chosen: str, falling: bool, way: str
) -> None:
    taken = [house.order(priority=priority)["id"] for priority in ("vip", "normal", "express") * 3]
    house.manager.put(f"/api/orders/{taken[0]}/status", {"status": "cancelled"})
    wanted = [row for index, row in enumerate(taken) if index % 3 != 1][:: -1 if falling else 1]
    query = f"/api/orders?{chosen}&limit=2"
    assert _walk(house, query) == [wanted[:2], wanted[2:4], wanted[4:]]

    first = house.waiter.get(query).body
    second = house.waiter.get(first["next"]).body

    assert _ids(house.waiter.get(second[way]).body) == {"next": wanted[4:], "previous": wanted[:2]}[way]


@pytest.mark.parametrize("name", ["İpek", "ΝΊΚΟΣ", "Özil", "O'Brien", "Weiß", "a:b*&!", "back\\slash"])
def test_guest_is_found_by_the_name_as_it_was_given(house: House, name: str) -> None:
    guest = CustomerFactory(restaurant=house.restaurant, name=f"Jo {name}")
    order = house.order(customer_id=guest.pk)["id"]

    found = [_ids(house.waiter.get(f"/api/orders?search={quote(words)}").body) for words in (name, f"{name} jo")]

    assert found == [[order], [order]]


@pytest.mark.parametrize(("few", "many"), [(20, 5000), (1, 5000), (0, 1)])
def test_search_finds_the_same_orders_however_many_guests_are_meant(
    house: House, foreign: House, monkeypatch: pytest.MonkeyPatch, few: int, many: int
) -> None:
    monkeypatch.setattr("orders.api.order_filters.FEW_GUESTS", few)
    monkeypatch.setattr("orders.api.order_filters.MANY_GUESTS", many)
    guests = [CustomerFactory(restaurant=house.restaurant, name=name) for name in ("Ada", "Adam B", "Bea", "Zoe Ad")]
    theirs = [house.order(customer_id=guest.pk)["id"] for guest in guests * 2]
    house.order()
    foreign.order(customer_id=CustomerFactory(restaurant=foreign.restaurant, name="Ada").pk)
    wanted = [row for index, row in enumerate(theirs) if index % 4 != 2][::-1]

    assert _walk(house, "/api/orders?search=AD&limit=4") == [wanted[:4], wanted[4:]]
    assert _ids(house.waiter.get("/api/orders?search=ad&ordering=id").body) == wanted[::-1]


def test_list_comes_by_the_moment_that_bounds_it_when_no_order_is_asked_for(house: House) -> None:
    first, second, third = house.order(), house.order(), house.order()
    house.waiter.patch(f"/api/orders/{first['id']}", {"notes": "Now the latest."})
    Order.objects.filter(pk=third["id"]).update(silently=True, created_at="2026-01-01T00:00:00Z")
    since = "2025-12-31T00:00:00Z"

    assert _ids(house.waiter.get("/api/orders").body) == [third["id"], second["id"], first["id"]]
    by_created = _ids(house.waiter.get(f"/api/orders?created_after={since}").body)
    assert by_created == [second["id"], first["id"], third["id"]]
    by_updated = _ids(house.waiter.get(f"/api/orders?updated_after={since}").body)
    assert by_updated == [first["id"], third["id"], second["id"]]
    assert _ids(house.waiter.get(f"/api/orders?updated_after={since}&ordering=id").body)[0] == first["id"]


def test_moments_bound_the_list_when_they_are_given(house: House) -> None:
    first, second = house.order(), house.order()
    between = urlencode({"m": second["created_at"]})[2:]
    Order.objects.filter(pk=first["id"]).update(silently=True, created_at="2026-01-01T00:00:00Z")

    assert _ids(house.waiter.get(f"/api/orders?created_before={between}").body) == [first["id"]]
    assert _ids(house.waiter.get(f"/api/orders?created_after={between}").body) == [second["id"]]
    assert _ids(house.waiter.get(f"/api/orders?updated_after={between}").body) == [second["id"]]


def test_list_is_empty_when_the_filter_names_a_foreign_or_unknown_id(house: House, foreign: House) -> None:
    house.order()
    foreign.order()

    for query in (f"table={foreign.table.pk}", "table=999999999", "customer=0", f"waiter={2**63 - 1}"):
        assert house.waiter.get(f"/api/orders?{query}").body == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("orders", [1, 8])
def test_lists_and_rows_take_a_constant_number_of_queries(
    house: House, orders: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order, *_ = [house.confirmed() for _ in range(orders)]
    reader = house.manager
    reader.get("/api/orders")  # from now on it is known who calls, as long as nothing changes
    # Whether it still stands who calls; then rows, and what hangs on them. Orders that were listed before are known.
    for address, queries in (
        ("/api/orders", 2),
        ("/api/orders?status=confirmed,cancelled", 2),
        ("/api/orders?created_after=2026-01-01T00:00:00Z&limit=1", 2),
        ("/api/orders?search=ada", 3),
        ("/api/orders?search=t1-", 3),
        (f"/api/orders/{order['id']}", 4),
        (f"/api/orders/{order['id']}/transitions", 2),
        ("/api/kitchen/orders", 3),
        (f"/api/kitchen/orders/by-order/{order['id']}", 3),
        ("/api/kitchen/stations", 2),
    ):
        with django_assert_num_queries(queries):
            assert reader.get(address).status == 200


@pytest.mark.parametrize("lines", [1, 20])
def test_taking_an_order_costs_the_same_whatever_its_length(
    house: House, lines: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    modifier = ModifierFactory(group__restaurant=house.restaurant)
    ChoiceFactory(menu_item=house.dish, group=modifier.group)
    item = {"menu_item_id": house.dish.pk, "quantity": 1, "modifier_ids": [modifier.pk]}
    taker, body = house.waiter, house.order_body(items=[item] * lines)
    taker.post("/api/orders", body)

    # Whether it still stands who calls and what the menu says, the number, two inserts, the events;
    # and here, in a test's own transaction, a savepoint and its release instead of BEGIN and COMMIT.
    with django_assert_num_queries(8):
        assert taker.post("/api/orders", body).status == 201
