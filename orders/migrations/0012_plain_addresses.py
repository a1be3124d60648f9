"""Guests are found again by their phone and email however these are written."""

import django.db.models.functions.text
from django.db import migrations, models

import orders.guest_addresses


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_portions_and_discounts"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="customer", name="customer_phone"),
        migrations.RemoveIndex(model_name="customer", name="customer_email"),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                "restaurant",
                orders.guest_addresses.PlainPhone("phone"),
                name="customer_phone",
                condition=models.Q(("phone", ""), _negated=True),
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                "restaurant",
                django.db.models.functions.text.Lower("email"),
                name="customer_email",
                condition=models.Q(("email", ""), _negated=True),
            ),
        ),
    ]
