"""Lets a workspace say how long it keeps messages, and records of calls to the model. Until it does, messages stay."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0082_follow_ups_of_a_lost_time")]

    operations = [
        migrations.AddField(
            "workspace",
            "keep_messages_days",
            models.PositiveSmallIntegerField(
                blank=True,
                help_text="How long messages are kept, with their drafts and sends; empty: for good.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(30),
                    django.core.validators.MaxValueValidator(3650),
                ],
            ),
        ),
        migrations.AddField(
            "workspace",
            "keep_model_calls_days",
            models.PositiveSmallIntegerField(
                blank=True,
                db_default=90,
                default=90,
                help_text="How long the records of calls to the model are kept, without any text; empty: for good.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
            ),
        ),
    ]
