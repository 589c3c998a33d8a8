"""Says since when a lead is being erased."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0074_a_key_of_what_was_erased")]

    operations = [
        migrations.AddField(
            "lead",
            "erasing_at",
            models.DateTimeField(
                blank=True,
                help_text="When a person had this lead erased. Nothing goes out to it any more, and soon it is gone.",
                null=True,
            ),
        )
    ]
