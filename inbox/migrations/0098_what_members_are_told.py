"""Keeps of what a member is told outside of the page. Whoever comes before it reads and writes the other columns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0097_who_has_not_opened_theirs")]

    operations = [
        migrations.AddField(
            "membership",
            "tell_about",
            models.CharField(
                blank=True,
                choices=[
                    ("", "Nothing"),
                    ("mine", "What is for me"),
                    ("all", "What is for me or for nobody yet"),
                ],
                db_default="mine",
                default="mine",
                help_text="What this member is told outside of the page, in their browsers and by mail.",
                max_length=4,
            ),
        ),
        migrations.AddField(
            "membership",
            "mail_after_min",
            models.PositiveSmallIntegerField(
                blank=True,
                help_text="After how many minutes away from the desk they are told by mail; empty: no mail.",
                null=True,
            ),
        ),
    ]
