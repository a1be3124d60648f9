"""Devices are in the restaurant's book: what changes one renews the revision, but for when it was used last."""

from django.db import migrations

_RENEW = """
CREATE TRIGGER renew_revision AFTER INSERT OR DELETE ON orders_device
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision_by_update AFTER UPDATE ON orders_device FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'last_used_at' IS DISTINCT FROM to_jsonb(NEW) - 'last_used_at')
    EXECUTE FUNCTION orders_row_changed();
"""
_FORGET = """
DROP TRIGGER renew_revision ON orders_device;
DROP TRIGGER renew_revision_by_update ON orders_device;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_payment_lists"),
    ]

    operations = [
        migrations.RunSQL(_RENEW, _FORGET),
    ]
