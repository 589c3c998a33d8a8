"""Has written the triggers of events, as inbox.0127 does now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbox", "0119_labels")]
