"""Lines remember what they took from stock, orders the discount that was granted; those that there are say it too."""

from decimal import Decimal

from django.db import migrations, models

# Whether a dish was counted when it was ordered is not known: where it is now, its unbegun lines are taken to have been.
_TAKEN = """
UPDATE orders_orderitem AS line SET portions_taken = line.quantity
FROM orders_order AS o, orders_menuitem AS dish
WHERE o.id = line.order_id AND dish.id = line.menu_item_id AND dish.stock IS NOT NULL AND line.status = 'pending'
      AND o.status NOT IN ('draft', 'completed', 'cancelled')
"""
_GRANTED = "UPDATE orders_order SET discount_granted = discount_amount WHERE discount_amount > 0"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0010_business_days"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderitem",
            name="portions_taken",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="order",
            name="discount_granted",
            field=models.DecimalField(
                db_default=Decimal("0.00"), decimal_places=2, default=Decimal("0.00"), editable=False, max_digits=10
            ),
        ),
        migrations.RunSQL(_TAKEN, migrations.RunSQL.noop),
        migrations.RunSQL(_GRANTED, migrations.RunSQL.noop),
    ]
