"""What is true of a restaurant's kitchen between any two units of work, whoever did what: told from its rows alone.

Not asked while anybody works, but after a simulation, a load test, a restore: each violation is one plain sentence.
What is on hand of an ingredient is not judged: nobody wrote down what was counted in.
"""

from __future__ import annotations

from collections import Counter

from django.db import connection, transaction

from kitchen.loads import is_waiting, work_of
from kitchen.models import KitchenOrderItem, Station
from kitchen.states import TO_MAKE

# Tickets that were opened before there were contracts have none, until their order changes.
_SINCE_CONTRACTS = """
    (SELECT coalesce(min(applied), '-infinity') FROM django_migrations
     WHERE app = 'kitchen' AND name = '0005_complete_kitchen')
"""

# Neither cancelled nor, once made, voided.
_WANTED = "(i.status <> 'cancelled' AND i.change->>'kind' IS DISTINCT FROM 'voided')"

# Each selects the sentences of one rule; its only parameter is the restaurant.
_RULES = (
    # What was confirmed is the kitchen's, once (that a second ticket can't be is the database's own rule) ...
    """
    SELECT 'Order ' || o.order_number || ' (id ' || o.id || ') was confirmed and has no ticket.'
    FROM orders_order o LEFT JOIN kitchen_kitchenorder t ON t.order_id = o.id
    WHERE o.restaurant_id = %s AND o.confirmed_at IS NOT NULL AND t.id IS NULL
    ORDER BY o.id
    """,
    # ... and nothing else is.
    """
    SELECT 'Order ' || o.order_number || ' (id ' || o.id || ') has a ticket and was never confirmed.'
    FROM orders_order o JOIN kitchen_kitchenorder t ON t.order_id = o.id
    WHERE o.restaurant_id = %s AND o.confirmed_at IS NULL
    ORDER BY o.id
    """,
    """
    SELECT 'Order ' || o.order_number || ' (id ' || o.id || ') has contracts '
           || coalesce(string_agg(c.version::text, ', ' ORDER BY c.version), 'none') || ': not 1, 2, 3 without a gap.'
    FROM orders_order o JOIN kitchen_kitchenorder t ON t.order_id = o.id
    LEFT JOIN kitchen_productioncontract c ON c.order_id = o.id
    WHERE o.restaurant_id = %s AND (t.contract_id IS NOT NULL OR c.id IS NOT NULL OR t.created_at >= {since})
    GROUP BY o.id HAVING count(c.id) = 0 OR min(c.version) <> 1 OR max(c.version) <> count(c.id)
    ORDER BY o.id
    """.replace("{since}", _SINCE_CONTRACTS),
    """
    SELECT 'Ticket ' || t.order_number || ' (id ' || t.id || ') is of contract version '
           || coalesce(t.contract_version::text, 'none') || ', and the latest is ' || c.version || '.'
    FROM kitchen_kitchenorder t
    JOIN LATERAL (SELECT id, version FROM kitchen_productioncontract
                  WHERE order_id = t.order_id ORDER BY version DESC LIMIT 1) c ON true
    WHERE t.restaurant_id = %s AND (t.contract_id, t.contract_version) IS DISTINCT FROM (c.id, c.version)
    ORDER BY t.id
    """,
    # A ticket's items are the lines of its contract ...
    """
    SELECT 'Ticket ' || t.order_number || ' (id ' || t.id || ') hasn''t got ' || (said->>'name')
           || ' as contract version ' || c.version || ' says it.'
    FROM kitchen_kitchenorder t JOIN kitchen_productioncontract c ON c.id = t.contract_id
    CROSS JOIN LATERAL jsonb_array_elements(c.items) AS line(said)
    LEFT JOIN kitchen_kitchenorderitem i
           ON i.ticket_id = t.id AND i.order_item_id = (said->>'order_item_id')::bigint
    WHERE t.restaurant_id = %s
      AND (i.id IS NULL
           OR (i.status = 'cancelled' AND t.status <> 'cancelled')
           OR i.modifiers <> said->'modifiers'
           OR (i.name, i.special_instructions) <> (said->>'name', said->>'special_instructions')
           OR (i.quantity, i.course) <> ((said->>'quantity')::int, (said->>'course')::int))
    ORDER BY t.id, i.id
    """,
    # ... what it says no more is not made, unless it was made already ...
    """
    SELECT 'Ticket ' || t.order_number || ' (id ' || t.id || ') has ' || i.name || ' ' || i.status
           || ', of which contract version ' || c.version || ' says nothing.'
    FROM kitchen_kitchenorderitem i JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    JOIN kitchen_productioncontract c ON c.id = t.contract_id
    WHERE t.restaurant_id = %s AND i.status NOT IN ('cancelled', 'ready')
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(c.items) AS line(said)
                      WHERE (said->>'order_item_id')::bigint = i.order_item_id)
    ORDER BY i.id
    """,
    # ... and the contract says what the order does.
    """
    SELECT 'Order ' || o.order_number || ' (id ' || o.id || ') has ' || l.quantity || ' ' || l.name
           || ', and contract version ' || c.version || ' doesn''t say so.'
    FROM orders_order o JOIN kitchen_kitchenorder t ON t.order_id = o.id
    JOIN kitchen_productioncontract c ON c.id = t.contract_id
    JOIN orders_orderitem l ON l.order_id = o.id
    WHERE o.restaurant_id = %s AND o.status <> 'cancelled' AND l.status <> 'cancelled'
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(c.items) AS line(said)
                      WHERE (said->>'order_item_id')::bigint = l.id AND (said->>'quantity')::int = l.quantity)
    ORDER BY l.id
    """,
    # What is on the boards is wanted ...
    """
    SELECT 'Ticket ' || t.order_number || ' (id ' || t.id || ') is ' || t.status || ', and nothing on it is wanted.'
    FROM kitchen_kitchenorder t JOIN kitchen_kitchenorderitem i ON i.ticket_id = t.id
    WHERE t.restaurant_id = %s AND t.status IN ('pending', 'acknowledged', 'preparing', 'ready')
    GROUP BY t.id HAVING NOT bool_or({wanted})
    ORDER BY t.id
    """.replace("{wanted}", _WANTED),
    # ... and where an order stands, there is its ticket (domain.md). One that the kitchen has put away stays so, and
    # one on which nothing is wanted any more is cancelled, wherever its order goes.
    """
    SELECT 'Order ' || o.order_number || ' (id ' || o.id || ') is ' || o.status || ', and its ticket is ' || t.status
           || '.'
    FROM orders_order o JOIN kitchen_kitchenorder t ON t.order_id = o.id
    WHERE o.restaurant_id = %s AND (o.status, t.status) NOT IN (
        ('confirmed', 'pending'), ('confirmed', 'acknowledged'), ('preparing', 'preparing'),
        ('ready', 'ready'), ('ready', 'completed'), ('served', 'completed'),
        ('delivering', 'ready'), ('delivering', 'completed'), ('delivered', 'completed'),
        ('completed', 'completed'), ('cancelled', 'cancelled'), ('cancelled', 'completed'))
      AND NOT (t.status = 'cancelled'
               AND NOT EXISTS (SELECT FROM kitchen_kitchenorderitem i WHERE i.ticket_id = t.id AND {wanted}))
    ORDER BY o.id
    """.replace("{wanted}", _WANTED),
    # How far a line is, and what is made of it. A cancelled order's lines stay as they were.
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') is ' || i.status
           || ', and its line ' || coalesce(l.status, 'gone') || '.'
    FROM kitchen_kitchenorderitem i JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    JOIN orders_order o ON o.id = t.order_id
    LEFT JOIN orders_orderitem l ON l.id = i.order_item_id AND l.order_id = o.id
    WHERE t.restaurant_id = %s AND (i.status, coalesce(l.status, 'gone')) NOT IN (
        ('pending', 'pending'), ('preparing', 'preparing'), ('ready', 'ready'), ('ready', 'served'),
        ('ready', 'cancelled'), ('cancelled', 'cancelled'), ('cancelled', 'gone'))
      AND NOT (o.status = 'cancelled' AND i.status = 'cancelled' AND l.status IN ('pending', 'preparing'))
    ORDER BY i.id
    """,
    # A ticket is as far as its items are.
    """
    SELECT 'Ticket ' || t.order_number || ' (id ' || t.id || ') is ' || t.status || ', and ' || i.name || ' on it '
           || i.status || '.'
    FROM kitchen_kitchenorder t JOIN kitchen_kitchenorderitem i ON i.ticket_id = t.id
    WHERE t.restaurant_id = %s AND (
        (t.status IN ('pending', 'acknowledged') AND i.status NOT IN ('pending', 'cancelled'))
        OR (t.status IN ('ready', 'completed', 'cancelled') AND i.status IN ('pending', 'preparing')))
    ORDER BY i.id
    """,
    """
    SELECT 'Ticket ' || t.order_number || ' (id ' || t.id || ') is preparing, and everything on it is made.'
    FROM kitchen_kitchenorder t JOIN kitchen_kitchenorderitem i ON i.ticket_id = t.id
    WHERE t.restaurant_id = %s AND t.status = 'preparing'
    GROUP BY t.id HAVING bool_and(i.status IN ('ready', 'cancelled')) AND bool_or(i.status = 'ready')
      AND NOT bool_or(i.allergy_alert <> '{}' AND i.allergy_confirmed_by_name = '' AND i.status = 'ready')
    ORDER BY t.id
    """,
    # What is held waits.
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') is held, and ' || i.status || '.'
    FROM kitchen_kitchenorderitem i JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    WHERE t.restaurant_id = %s AND i.held AND i.status IN ('preparing', 'ready')
    ORDER BY i.id
    """,
    # Nothing that makes a guest ill goes out unseen.
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') went out, and nobody has confirmed: '
           || array_to_string(i.allergy_alert, ', ') || '.'
    FROM kitchen_kitchenorderitem i JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    JOIN orders_order o ON o.id = t.order_id
    WHERE t.restaurant_id = %s AND i.status = 'ready' AND i.allergy_alert <> '{}' AND i.allergy_confirmed_by_name = ''
      AND i.change->>'kind' IS DISTINCT FROM 'voided'
      AND o.status IN ('served', 'delivering', 'delivered', 'completed')
    ORDER BY i.id
    """,
    # What was made has used what its recipe says, once (twice the database refuses) ...
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') is ready, and was never written off.'
    FROM kitchen_kitchenorderitem i JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    WHERE t.restaurant_id = %s AND i.status = 'ready' AND i.recipe_version IS NOT NULL AND i.consumed_at IS NULL
    ORDER BY i.id
    """,
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') was made, and used no ' || g.name || '.'
    FROM kitchen_kitchenorderitem i JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    JOIN kitchen_recipe r ON r.menu_item_id = i.menu_item_id
    JOIN kitchen_recipeingredient u ON u.recipe_id = r.id AND u.version = i.recipe_version
    JOIN kitchen_ingredient g ON g.id = u.ingredient_id
    LEFT JOIN kitchen_consumption c ON c.item_id = i.id AND c.ingredient_id = u.ingredient_id
    WHERE t.restaurant_id = %s AND i.consumed_at IS NOT NULL AND c.id IS NULL
    ORDER BY i.id, g.id
    """,
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') used ' || c.quantity || ' ' || c.unit
           || ' of ' || g.name || ', and ' || u.quantity * i.quantity || ' were to be used.'
    FROM kitchen_consumption c JOIN kitchen_kitchenorderitem i ON i.id = c.item_id
    JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    JOIN kitchen_ingredient g ON g.id = c.ingredient_id
    JOIN kitchen_recipe r ON r.menu_item_id = i.menu_item_id
    JOIN kitchen_recipeingredient u
      ON u.recipe_id = r.id AND u.version = i.recipe_version AND u.ingredient_id = c.ingredient_id AND u.unit = c.unit
    WHERE t.restaurant_id = %s AND c.quantity <> u.quantity * i.quantity
    ORDER BY c.id
    """,
    # ... and nothing else has used anything.
    """
    SELECT i.name || ' on ticket ' || t.order_number || ' (item ' || i.id || ') used ' || g.name
           || ', and by what it was made it uses none.'
    FROM kitchen_consumption c JOIN kitchen_kitchenorderitem i ON i.id = c.item_id
    JOIN kitchen_kitchenorder t ON t.id = i.ticket_id
    JOIN kitchen_ingredient g ON g.id = c.ingredient_id
    WHERE c.restaurant_id = %s AND (i.consumed_at IS NULL OR NOT EXISTS (
        SELECT FROM kitchen_recipe r JOIN kitchen_recipeingredient u ON u.recipe_id = r.id
        WHERE r.menu_item_id = i.menu_item_id AND u.version = i.recipe_version AND u.ingredient_id = c.ingredient_id))
    ORDER BY c.id
    """,
)  # fmt: skip


def broken(restaurant_id: int) -> list[str]:
    """Return what is not as it must be in the restaurant's kitchen, one sentence each; nothing when all is well.

    Reads all rows as they were at one moment, and so needs a transaction of its own.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = [sentence for rule in _RULES for sentence in _sentences(rule, restaurant_id)]
        return found + _miscounted(restaurant_id)


def _sentences(rule: str, restaurant_id: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(rule, [restaurant_id])
        return [sentence for (sentence,) in cursor.fetchall()]


def _miscounted(restaurant_id: int) -> list[str]:
    """A station's load is the items whose current step is there, and its work what is left of all steps there."""
    loads: Counter[int] = Counter()
    work: Counter[int] = Counter()
    for item in KitchenOrderItem.objects.filter(ticket__restaurant_id=restaurant_id, status__in=TO_MAKE):
        values = {"status": item.status, "held": item.held, "steps": item.steps}
        if not is_waiting(values):
            continue
        work.update(work_of(values))
        if item.station_id:
            loads[item.station_id] += 1
    found = []
    for station in Station.objects.filter(restaurant_id=restaurant_id).order_by("pk"):
        there, left = loads[station.pk], work[station.pk]
        if station.load != there:
            found.append(f"Station {station.name} has a load of {station.load}, and {there} items are there.")
        if station.work != left:
            found.append(f"Station {station.name} has work for {station.work} half minutes, and {left} are left there.")
    return found
