"""What a provider or a source may be called, its declaration says: no choices, and nothing for the database to do."""

from django.db import migrations, models

import inbox.models.message
import integrations.models.integration


class Migration(migrations.Migration):
    dependencies = [("inbox", "0043_spam_complaints"), ("integrations", "0012_declared_providers")]

    operations = [
        migrations.AlterField(
            model_name="appointment",
            name="provider",
            field=models.CharField(
                max_length=20, validators=[integrations.models.integration.known_provider]
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="provider",
            field=models.CharField(
                max_length=20, validators=[integrations.models.integration.known_provider]
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="source",
            field=models.CharField(
                help_text="The list that `external_id` belongs to.",
                max_length=20,
                validators=[inbox.models.message.known_source],
            ),
        ),
    ]
