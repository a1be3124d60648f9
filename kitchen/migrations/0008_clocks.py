"""A ticket keeps from when on it is counted: a second round isn't as old as the first. Older tickets go by their age."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kitchen", "0007_old_tickets"),
    ]

    operations = [
        migrations.AddField(
            model_name="kitchenorder",
            name="clock_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
