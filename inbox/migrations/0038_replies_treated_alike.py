from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0037_facts_of_a_workspace")]

    operations = [
        migrations.AddField(
            model_name="tagdecision",
            name="alike_to",
            field=models.UUIDField(
                blank=True,
                help_text="The reply in the same words about which the person decided, where it was not this one.",
                null=True,
            ),
        ),
    ]
