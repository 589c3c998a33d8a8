import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0098_what_members_are_told")]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="alternate_phones",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32),
                blank=True,
                db_default=[],
                default=list,
                help_text="Other numbers of the person. Nothing is sent to them.",
                size=None,
            ),
        ),
    ]
