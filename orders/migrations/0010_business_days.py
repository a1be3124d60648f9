from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_erased_customers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["restaurant", "business_date"], name="order_of_day"),
        ),
    ]
