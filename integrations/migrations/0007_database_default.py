"""Gives a new column a default in the database, as inbox.0026 does.

The previous release inserts rows without the column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0006_imported_not_known_yet"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workspaceintegrationhealth",
            name="recovered_from",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unknown", "Not known yet"),
                    ("connected", "Connected"),
                    ("degraded", "Having trouble"),
                    ("rate_limited", "Slowed down"),
                    ("provider_down", "Provider is down"),
                    ("disconnected", "Disconnected"),
                    ("quiet", "Quiet for too long"),
                ],
                db_default="",
                default="",
                max_length=16,
            ),
        ),
    ]
