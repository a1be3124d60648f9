from django.db import migrations

# Tickets of before they said it themselves: by the restaurant's minutes for their channel, from when they arrived.
FILL = """
UPDATE kitchen_kitchenorder ticket SET
    warn_at = ticket.created_at + interval '1 minute' * coalesce(
        (home.channel_minutes->ticket.channel->>'warn')::numeric, home.warn_after_minutes)::int,
    late_at = ticket.created_at + interval '1 minute' * coalesce(
        (home.channel_minutes->ticket.channel->>'late')::numeric, home.late_after_minutes)::int
FROM orders_restaurant home WHERE home.id = ticket.restaurant_id AND ticket.late_at IS NULL
"""

# What was in the kitchen before its work was counted: as kitchen.loads counts it.
COUNT = """
UPDATE kitchen_station station SET work = left_there.half_minutes FROM (
    SELECT (step.value->>'station_id')::bigint AS station_id,
           sum((step.value->>'minutes')::int * CASE WHEN item.status = 'preparing' AND step.place = 1 THEN 1 ELSE 2 END)
               AS half_minutes
    FROM kitchen_kitchenorderitem item, jsonb_array_elements(item.steps) WITH ORDINALITY AS step (value, place)
    WHERE item.status IN ('pending', 'preparing') AND NOT item.held AND NOT (step.value->>'done')::boolean
    GROUP BY 1
) left_there WHERE left_there.station_id = station.id
"""

# And what of it a guest can't have.
ALERT = """
UPDATE kitchen_kitchenorderitem item
SET allergy_alert = ARRAY(SELECT unnest(ticket.allergies) INTERSECT SELECT unnest(item.allergens) ORDER BY 1)
FROM kitchen_kitchenorder ticket
WHERE ticket.id = item.ticket_id AND item.status IN ('pending', 'preparing') AND ticket.allergies && item.allergens
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kitchen', '0006_stations_may_go'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunSQL(ALERT, migrations.RunSQL.noop),
    ]
