"""What the orders app announces to the apps on its left, inside the unit of work that does it.

Receivers answer synchronously: what one raises undoes the whole unit. Every signal sends ``actor``, and all
but the last two ``order``, locked by the unit.

order_confirmed       the order is being accepted: the kitchen sets ``estimated_ready_at``, which is written with the
                      status, and opens its ticket at the end of the unit
order_status_set      staff (not the kitchen) moved the order; also ``previous`` (status)
order_details_changed the table, notes, priority or allergies changed; also ``fields`` (set of names)
items_added           items were added to an order that the kitchen has; also ``items``
item_changed          an item that is not begun was changed; also ``item``
item_removed          an item was removed or voided; also ``item`` (its ``pk`` is that of the row that was)
item_status_set       staff (not the kitchen) moved an item; also ``item``
dish_allergens_set    what is in a dish is about to be written: ``allergen_ids``; the dish is locked, nothing else is
customer_erased       a guest is to be forgotten (``forgotten``) in what was announced of the orders that are or were
                      theirs; ``restaurant_id``, ``order_ids`` (set)
"""

from django.dispatch import Signal

order_confirmed = Signal()
order_status_set = Signal()
order_details_changed = Signal()
items_added = Signal()
item_changed = Signal()
item_removed = Signal()
item_status_set = Signal()
dish_allergens_set = Signal()
customer_erased = Signal()
