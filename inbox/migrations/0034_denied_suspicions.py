from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0033_suspicions_of_leads")]

    operations = [
        migrations.AddField(
            model_name="tagdecision",
            name="denied",
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
                help_text="What a person said that it is not. Then `tag` is what it was before, and nothing they said.",
                max_length=16,
            ),
        ),
    ]
