from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds how tight a person wants lists and conversations."""

    dependencies = [("inbox", "0060_first_steps_of_a_workspace")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="density",
            field=models.CharField(
                blank=True,
                choices=[("", "Comfortable"), ("compact", "Compact")],
                db_default="",
                default="",
                help_text="How tight lists and conversations are set.",
                max_length=8,
            ),
        ),
    ]
