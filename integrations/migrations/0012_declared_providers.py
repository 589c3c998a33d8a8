"""The names of providers are checked against integrations.registry instead of choices. The database does not change."""

from django.db import migrations, models

import integrations.models.integration


class Migration(migrations.Migration):
    dependencies = [("integrations", "0011_calls_by_job")]

    operations = [
        migrations.AlterField(
            model_name="integration",
            name="provider",
            field=models.CharField(
                max_length=20, validators=[integrations.models.integration.known_provider]
            ),
        ),
    ]
