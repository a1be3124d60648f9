"""Who is erased keeps an empty row; customers are listed by an index of their own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0008_device_revisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["restaurant", "-id"], name="customer_list", condition=models.Q(("erased_at__isnull", True))
            ),
        ),
        migrations.AlterField(
            model_name="customer",
            name="restaurant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="customers",
                to="orders.restaurant",
            ),
        ),
    ]
