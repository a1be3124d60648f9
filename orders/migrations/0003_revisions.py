"""The revision of each restaurant, and the triggers that renew it."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from orders.migrations._renewing import FORGET, RENEW

_RENEW_ALL = "INSERT INTO orders_revision (restaurant_id, value) SELECT id, gen_random_uuid() FROM orders_restaurant"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_failed_sign_ins"),
    ]

    operations = [
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "restaurant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="revision",
                        serialize=False,
                        to="orders.restaurant",
                    ),
                ),
                ("value", models.UUIDField(default=uuid.uuid4)),
            ],
        ),
        migrations.RunSQL(RENEW, FORGET),
        migrations.RunSQL(_RENEW_ALL, migrations.RunSQL.noop),
    ]
