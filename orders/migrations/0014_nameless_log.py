"""The admin's log calls guests by number, also where it was written before."""

from django.db import migrations

_BY_NUMBER = """
UPDATE django_admin_log SET object_repr = '#' || object_id
WHERE content_type_id IN (SELECT id FROM django_content_type WHERE app_label = 'orders' AND model = 'customer')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("orders", "0013_labels"),
    ]

    operations = [
        migrations.RunSQL(_BY_NUMBER, migrations.RunSQL.noop),
    ]
