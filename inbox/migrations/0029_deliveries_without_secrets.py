from django.db import migrations, models


class Migration(migrations.Migration):
    """Existing deliveries, and what the release before goes on to write, are to be cleaned (inbox.webhooks.stored)."""

    dependencies = [("inbox", "0028_meetings_cancelled_after_a_move")]

    operations = [
        migrations.AddField(
            model_name="webhookdelivery",
            name="scrubbed",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether secrets were taken out of body and headers.",
            ),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="body",
            field=models.BinaryField(
                help_text="The raw bytes, without the sender's secrets; emptied when their time is up.",
                null=True,
            ),
        ),
    ]
