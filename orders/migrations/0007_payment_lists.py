from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_complete_orders'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='payment',
            name='payment_of_counter',
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['restaurant', 'method', 'status', '-id'], name='payment_by_kind'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['restaurant', 'created_at', 'id'], name='payment_created'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('counter__isnull', False)), fields=['counter', 'method', 'status', '-id'], name='payment_of_counter'),
        ),
    ]
