from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0032_suspicions_of_messages")]

    operations = [
        migrations.AddField(
            model_name="lead",
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
                help_text="What a reply may be that nobody has decided about yet (inbox.leads.suspicion).",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="suspected_words",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="The sentence that says so.", max_length=300
            ),
        ),
    ]
