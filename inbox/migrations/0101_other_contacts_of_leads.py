import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0100_leads_by_their_other_numbers")]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="alternate_contacts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64),
                blank=True,
                db_default=[],
                default=list,
                help_text="Other contacts of the person at GoHighLevel, such as those of their other numbers.",
                size=None,
            ),
        ),
    ]
