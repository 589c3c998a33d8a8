from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0041_replies_that_were_suspected")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="made_of",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="Facts as they were, slots, messages read, and the model's calls (inbox.replying.provenance).",
            ),
        ),
    ]
