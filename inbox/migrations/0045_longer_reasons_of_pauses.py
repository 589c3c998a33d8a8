"""A follow-up pauses for any provider's account. A longer varchar rewrites neither table nor index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0044_declared_providers_and_sources")]

    operations = [
        migrations.AlterField(
            model_name="followupinstance",
            name="paused_for",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
    ]
