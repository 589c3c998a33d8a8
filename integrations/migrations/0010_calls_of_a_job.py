from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0009_lost_mailboxes")]

    operations = [
        migrations.AddField(
            model_name="aicall",
            name="job_id",
            field=models.UUIDField(
                blank=True,
                help_text="The background job that asked. Jobs are kept for a shorter time: no key.",
                null=True,
            ),
        ),
    ]
