"""Has written the triggers of events, as inbox.0116 does now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbox", "0114_events"), ("integrations", "0020_webhook_endpoints")]
