from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0031_account_events")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="suspected",
            field=models.CharField(
                blank=True,
                choices=[
                    ("opt_out", "Perhaps an opt-out"),
                    ("bounce", "Perhaps a failure report"),
                    ("out_of_office", "Perhaps an absence"),
                    ("auto_reply", "Perhaps an automatic reply"),
                ],
                db_default="",
                default="",
                help_text="What the rules took it for when it came, without being sure.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="suspected_words",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="The sentence that made them suspect it."
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="suspicion_decided_by",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The model or the person that decided whether it is so; empty: it is open.",
                max_length=80,
            ),
        ),
    ]
