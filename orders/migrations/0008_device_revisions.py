"""Devices are in the restaurant's book: what changes one renews the revision, but for when it was used last."""

from django.db import migrations

from orders.migrations._renewing import FORGET_DEVICES, RENEW_BY_DEVICES


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_payment_lists"),
    ]

    operations = [
        migrations.RunSQL(RENEW_BY_DEVICES, FORGET_DEVICES),
    ]
