# ruff: noqa: S608 - nothing in here is from outside
"""The rows of a grown restaurant, in SQL: each statement makes those of some orders from their numbers alone.

An order's age (0 is the newest) says everything of it, so that the newest thousand are the same at every size: what
differs between two sizes is only what lies behind them. Every 20th order is a small restaurant's.
"""

from __future__ import annotations

import datetime as dt

from tests.benchmarks.growing.places import (
    DISHES,
    EVENTS_PER_ORDER,
    MODEL_ORDER,
    MODEL_STATION,
    MODEL_TABLE,
    STATIONS,
    TABLES,
    WAITERS,
)

SECONDS_BETWEEN_ORDERS = 80
ORDERS_PER_DAY = 24 * 3600 // SECONDS_BETWEEN_ORDERS
OPEN_AGES = 110  # of these most are the big restaurant's and open, and some sixty have a ticket
RARE_ORDERS = 11
FIRST_RARE_AGE = 130
QUIET_AGES = (201, 301, 401, 441)
# Orders of one business day, as many at every size: a real one would not fit into the smallest.
FIRST_AGE_OF_DAY, LAST_AGE_OF_DAY = 500, 899
BUSINESS_DAY = dt.date(2020, 2, 29)
FIRST_CUSTOMER = 1000


def _pick(salt: int, choices: int, of: str = "o.age") -> str:
    """Return SQL that draws a number below ``choices`` from an age: the same one at every size."""
    return f"mod(hashint8extended({of}, {salt}) & 2147483647, {choices})"


# The orders of a chunk, by number (the id) and age, with what several tables must agree on.
_AGED = f"""
WITH aged AS (
    SELECT g AS id, %(orders)s - g AS age,
           %(end)s::timestamptz - (%(orders)s - g) * interval '{SECONDS_BETWEEN_ORDERS} seconds' AS at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) g
), rough AS (
    SELECT id, age, at, mod(id, 20) = 0 AS small, age < {OPEN_AGES} AS is_open, age = ANY(%(quiet)s) AS quiet,
           mod(age - {FIRST_RARE_AGE}, %(step)s) = 0
               AND age BETWEEN {FIRST_RARE_AGE} AND {FIRST_RARE_AGE} + %(step)s * {RARE_ORDERS - 1} AS rare,
           {_pick(1, 100, "age")} AS dice
    FROM aged
), o AS (
    SELECT *,
           CASE WHEN small THEN (%(small)s::bigint[])[mod(id / 20, 4) + 1] ELSE %(big)s END AS restaurant,
           CASE WHEN rare THEN 'online' WHEN quiet OR dice < 60 THEN 'dine_in'
                WHEN dice < 85 THEN 'takeaway' ELSE 'delivery' END AS channel,
           CASE WHEN is_open THEN CASE mod(age, 7)
                    WHEN 0 THEN 'pending' WHEN 1 THEN 'confirmed' WHEN 4 THEN 'ready'
                    WHEN 5 THEN CASE WHEN dice < 85 THEN 'served' ELSE 'delivering' END
                    WHEN 6 THEN CASE WHEN age < 30 THEN 'draft' ELSE 'pending' END
                    ELSE 'preparing' END
                WHEN NOT rare AND {_pick(2, 100, "age")} < 8 THEN 'cancelled' ELSE 'completed' END AS status,
           CASE WHEN rare THEN 'vip' WHEN {_pick(3, 100, "age")} < 9 THEN 'express' ELSE 'normal' END AS priority
    FROM rough
)"""

ORDERS = f"""{_AGED}, filled AS (
    SELECT *, CASE WHEN small OR channel <> 'dine_in' AND NOT rare THEN NULL WHEN rare THEN %(rare_table)s
                   WHEN quiet THEN %(quiet_table)s
                   ELSE (%(tables)s::bigint[])[{_pick(4, TABLES, "age")} + 1] END AS table_id,
           CASE WHEN small THEN NULL WHEN rare THEN %(rare_waiter)s
                ELSE (%(waiters)s::bigint[])[{_pick(5, WAITERS, "age")} + 1] END AS waiter_id,
           CASE WHEN small THEN NULL WHEN rare THEN %(rare_customer)s
                WHEN {_pick(6, 100, "age")} < 9 THEN %(regular)s
                WHEN {_pick(6, 100, "age")} < 40 THEN {FIRST_CUSTOMER} + 1
                    + mod(hashint8extended(age, 7) & 2147483647, %(customers)s) END AS customer_id,
           mod(extract(epoch FROM at)::bigint, 86400) / {SECONDS_BETWEEN_ORDERS} + 1 AS number
    FROM o
)
INSERT INTO orders_order (id, restaurant_id, order_number, business_date, external_id, channel, status, priority,
    table_id, table_name, customer_id, customer_name, waiter_id, waiter_name, notes, allergies, currency, service_rate,
    prices_include_tax, total_amount, discount_amount, service_amount, tax_amount, final_amount, paid_amount,
    refunded_amount, unpaid_reason, payment_status, cancel_reason, estimated_ready_at, version, created_at, updated_at,
    confirmed_at, ready_at, served_at, completed_at, cancelled_at)
SELECT f.id, restaurant, 'T1-' || CASE WHEN number < 1000 THEN to_char(number, 'FM000') ELSE number::text END,
       CASE WHEN age BETWEEN {FIRST_AGE_OF_DAY} AND {LAST_AGE_OF_DAY} THEN date '{BUSINESS_DAY}'
            ELSE (at AT TIME ZONE 'UTC')::date END, '', channel, status, priority, table_id,
       CASE WHEN table_id IS NULL THEN '' ELSE 'T' || table_id END, customer_id, coalesce(c.name, ''), waiter_id,
       CASE WHEN waiter_id IS NULL THEN '' ELSE 'Waiter ' || waiter_id END,
       CASE WHEN mod(dice, 5) = 0 THEN 'No onions, please.' ELSE '' END, '{{}}', 'EUR', 0, true, 38.50, 0, 0, 0, 38.50,
       CASE WHEN status = 'completed' THEN 38.50 ELSE 0 END, 0, '',
       CASE WHEN rare THEN 'partial' WHEN status <> 'completed' THEN 'unpaid'
            WHEN {_pick(8, 100, "age")} < 9 THEN 'partially_refunded' ELSE 'paid' END,
       CASE WHEN status = 'cancelled' THEN 'The guest left.' ELSE '' END,
       at + interval '15 minutes', CASE WHEN is_open THEN 2 ELSE 7 END, at,
       at + CASE WHEN is_open THEN interval '30 seconds' ELSE interval '50 minutes' END,
       CASE WHEN status NOT IN ('draft', 'pending') THEN at + interval '10 seconds' END,
       CASE WHEN status IN ('ready', 'served', 'completed') THEN at + interval '15 minutes' END,
       CASE WHEN status IN ('served', 'completed') THEN at + interval '17 minutes' END,
       CASE WHEN status = 'completed' THEN at + interval '50 minutes' END,
       CASE WHEN status = 'cancelled' THEN at + interval '50 minutes' END
FROM filled f LEFT JOIN orders_customer c ON c.id = f.customer_id
ORDER BY f.id
"""

_DISH = _pick(9, DISHES, "o.age * 3 + k")

ITEMS = f"""{_AGED}
INSERT INTO orders_orderitem (id, order_id, menu_item_id, name, category_name, allergens, quantity, unit_price,
    tax_rate, line_total, special_instructions, status, void_reason, course)
SELECT (o.id - 1) * 3 + k, o.id, (%(dishes)s::bigint[])[dish + 1], 'Dish number ' || dish, 'Mains', '{{Milk,Gluten}}',
       1 + mod(dish, 2), 8.50, 0.19, 8.50, CASE WHEN k = 2 THEN 'Well done' ELSE '' END,
       CASE o.status WHEN 'completed' THEN 'served' WHEN 'served' THEN 'served' WHEN 'delivering' THEN 'served'
            WHEN 'cancelled' THEN 'cancelled' WHEN 'ready' THEN 'ready'
            WHEN 'preparing' THEN (ARRAY['ready', 'preparing', 'pending'])[k] ELSE 'pending' END, '', 1
FROM o, LATERAL (SELECT k, {_DISH} AS dish FROM generate_series(1, 3) k) lines
ORDER BY o.id, k
"""

MODIFIERS = f"""{_AGED}
INSERT INTO orders_orderitemmodifier (id, item_id, modifier_id, name, price)
SELECT o.id, (o.id - 1) * 3 + 1, %(modifier)s, 'Extra cheese', 1.50 FROM o ORDER BY o.id
"""

_TICKET = """CASE o.status WHEN 'confirmed' THEN CASE WHEN mod(o.age, 2) = 0 THEN 'pending' ELSE 'acknowledged' END
    WHEN 'preparing' THEN 'preparing' WHEN 'ready' THEN 'ready' WHEN 'cancelled' THEN 'cancelled'
    ELSE 'completed' END"""

TICKETS = f"""{_AGED}
INSERT INTO kitchen_kitchenorder (id, restaurant_id, order_id, order_number, channel, table_id, table_name, notes,
    allergies, status, priority, chef_id, chef_name, estimated_ready_at, version, created_at, acknowledged_at,
    started_at, ready_at, completed_at)
SELECT o.id, row.restaurant_id, o.id, row.order_number, row.channel, row.table_id, row.table_name, row.notes, '{{}}',
       {_TICKET}, row.priority, CASE WHEN o.small THEN NULL ELSE %(manager)s END, 'Manager', row.estimated_ready_at, 5,
       row.created_at, row.confirmed_at, row.confirmed_at, row.ready_at,
       CASE WHEN o.status NOT IN ('confirmed', 'preparing', 'ready', 'cancelled') THEN row.served_at END
FROM o JOIN orders_order row ON row.id = o.id
WHERE o.status NOT IN ('draft', 'pending')
ORDER BY o.id
"""

TICKET_ITEMS = f"""{_AGED}
INSERT INTO kitchen_kitchenorderitem (id, ticket_id, order_item_id, menu_item_id, name, quantity, modifiers,
    special_instructions, allergens, station_id, station_name, status, course, steps, started_at, ready_at)
SELECT (o.id - 1) * 3 + k, o.id, (o.id - 1) * 3 + k, (%(dishes)s::bigint[])[dish + 1], 'Dish number ' || dish,
       1 + mod(dish, 2),
       CASE WHEN k = 1 THEN jsonb_build_array(jsonb_build_object('id', %(modifier)s, 'name', 'Extra cheese',
                                                                 'price', '1.50')) ELSE '[]' END,
       CASE WHEN k = 2 THEN 'Well done' ELSE '' END, '{{Milk,Gluten}}', station, 'Station ' || station,
       CASE o.status WHEN 'confirmed' THEN 'pending' WHEN 'cancelled' THEN 'cancelled'
            WHEN 'preparing' THEN (ARRAY['ready', 'preparing', 'pending'])[k] ELSE 'ready' END, 1,
       jsonb_build_array(jsonb_build_object('name', 'Dish number ' || dish, 'minutes', 10, 'station_id', station,
                                            'station_name', 'Station ' || station, 'done', true)),
       o.at + interval '3 minutes', o.at + interval '15 minutes'
FROM o, LATERAL (SELECT k, {_DISH} AS dish FROM generate_series(1, 3) k) lines,
     LATERAL (SELECT CASE WHEN o.quiet AND k = 1 THEN %(quiet_station)s
                     ELSE (%(stations)s::bigint[])[mod(lines.dish, {STATIONS}) + 1] END AS station) place
WHERE o.status NOT IN ('draft', 'pending')
ORDER BY o.id, k
"""

EVENTS = f"""{_AGED}, numbered AS (
    SELECT o.*, row.table_id, row.waiter_id,
           CASE WHEN small THEN id / 80 + CASE WHEN mod(id / 20, 4) > 0 THEN 1 ELSE 0 END ELSE id - id / 20 END AS nth,
           CASE WHEN quiet THEN %(quiet_station)s
                ELSE (%(stations)s::bigint[])[{_pick(10, STATIONS, "age")} + 1] END AS station
    FROM o JOIN orders_order row USING (id)
)
INSERT INTO realtime_event (restaurant_id, seq, event_id, type, at, rooms, data, order_id, actor_id, actor_name,
                            source, changes)
SELECT restaurant, (nth - 1) * {EVENTS_PER_ORDER} + m.n, gen_random_uuid(), m.type, o.at + m.n * interval '1 second',
       string_to_array(format(m.rooms, o.id, station, coalesce(table_id, 0)), ' '),
       format(m.data, o.id, station, coalesce(table_id, 0)), o.id, waiter_id, 'Waiter', 'api', m.changes
FROM numbered o, unnest(%(types)s::text[], %(rooms)s::text[], %(datas)s::text[], %(changes)s::text[])
                 WITH ORDINALITY AS m (type, rooms, data, changes, n)
ORDER BY o.id, m.n
"""


# What of the events an order's history keeps.
HISTORY = f"""{_AGED}
INSERT INTO orders_historyentry (restaurant_id, order_id, order_number, at, actor_id, actor_name, source, event,
    changes)
SELECT restaurant, o.id, row.order_number, o.at + m.n * interval '1 second', row.waiter_id, 'Waiter', 'api', m.type,
       m.changes::jsonb
FROM o JOIN orders_order row USING (id),
     unnest(%(types)s::text[], %(changes)s::text[]) WITH ORDINALITY AS m (type, changes, n)
WHERE m.changes <> '{{}}'
ORDER BY o.id, m.n
"""

PAYMENTS = f"""{_AGED}
INSERT INTO orders_payment (id, restaurant_id, order_id, amount, method, tendered, change, counter_id,
    transaction_reference, status, refunded_amount, taken_by_name, created_at)
SELECT o.id, restaurant, o.id, 38.50, CASE WHEN rare THEN 'transfer' WHEN dice < 55 THEN 'cash' ELSE 'card' END,
       NULL, 0, CASE WHEN NOT small AND {_pick(13, 100)} < 70 THEN %(counter)s END, 'PAY-' || o.id, 'success', 0,
       'Waiter', o.at + interval '50 minutes'
FROM o WHERE status = 'completed'
ORDER BY o.id
"""

# Every cancelled order was asked for; the kitchen has refused to let go of others, and has some to decide.
CANCELLATIONS = f"""{_AGED}
INSERT INTO orders_cancellationrequest (id, restaurant_id, order_id, reason, status, requested_by_name, decided_by_name,
    decision_reason, created_at, decided_at)
SELECT o.id, restaurant, o.id, 'The guest left.', decision, 'Waiter',
       CASE WHEN decision = 'pending' THEN '' ELSE 'Manager' END,
       CASE WHEN decision = 'rejected' THEN 'Nearly done.' ELSE '' END, o.at + interval '5 minutes',
       CASE WHEN decision <> 'pending' THEN o.at + interval '6 minutes' END
FROM o, LATERAL (SELECT CASE WHEN o.status = 'cancelled' THEN 'accepted' WHEN o.status = 'preparing' AND dice < 20
                        THEN 'pending' WHEN o.status = 'completed' AND dice < 12 THEN 'rejected' END AS decision) said
WHERE decision IS NOT NULL
ORDER BY o.id
"""


def template(text: str) -> str:
    """Make of a text with the model order's ids one for PostgreSQL's format(): order, station and table, in this order.

    Faster than replacing them one after the other, ten million times.
    """
    text = text.replace("%", "%%")
    for place, model in enumerate((MODEL_ORDER, MODEL_STATION, MODEL_TABLE), start=1):
        text = text.replace(str(model), f"%{place}$s")
    return text


CUSTOMERS = f"""
INSERT INTO orders_customer (id, restaurant_id, name, phone, email, created_at)
SELECT {FIRST_CUSTOMER} + i, %(big)s,
       (%(given)s::text[])[mod(hashint8extended(i, 11) & 2147483647, cardinality(%(given)s::text[])) + 1] || ' ' ||
       (%(family)s::text[])[mod(hashint8extended(i, 12) & 2147483647, cardinality(%(family)s::text[])) + 1],
       '+49170' || lpad(i::text, 7, '0'), '', %(end)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i
"""
GIVEN = "Anna Ben Clara David Emma Felix Greta Hannes Ida Jonas Katja Lukas Mia Noah Olga Paul Rosa Samuel Tea Udo"
FAMILY = (
    "Abel Bauer Conrad Dietz Ebert Fischer Graf Huber Imhof Jung Keller Lange Maier Neumann Otto Peters Richter Schmidt"
    " Thoma Vogel Weber Xander Yilmaz Zimmer Arnold Brandt Cramer Dorn Engel Frank Günther Hoffmann Jansen Krause"
    " Lorenz Meyer Nagel Oswald Pohl Roth Sauer Tietz Urban Voss Wolf Zander Albers Beck Dahl Esser Fink Gerlach Heinz"
)

ENDS = """
INSERT INTO realtime_stream (restaurant_id, epoch, head, min_seq)
    SELECT r.id, gen_random_uuid(), coalesce((SELECT max(seq) FROM realtime_event e WHERE e.restaurant_id = r.id), 0), 1
    FROM orders_restaurant r;
INSERT INTO orders_ordercounter (restaurant_id, business_date, last)
    SELECT r.id, d::date, {last} FROM orders_restaurant r,
        generate_series((SELECT min(business_date) FROM orders_order), current_date, '1 day') d;
UPDATE kitchen_station s SET load = (SELECT count(*) FROM kitchen_kitchenorderitem i
    WHERE i.station_id = s.id AND i.status IN ('pending', 'preparing'));
"""
