"""A stream counts how often kept events were written anew, so that no server repeats what it remembers of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("realtime", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="rewritten",
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
