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


class Migration(migrations.Migration):

    dependencies = [
        ('kitchen', '0006_stations_may_go'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
