"""A station can be taken out of the kitchen although past tickets name it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kitchen", "0005_complete_kitchen"),
    ]

    operations = [
        migrations.AlterField(
            model_name="kitchenorderitem",
            name="station",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="items",
                to="kitchen.station",
            ),
        ),
    ]
