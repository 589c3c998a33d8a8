from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds when the countdown of a send ends, and that it was taken back."""

    dependencies = [("inbox", "0088_seconds_to_take_a_message_back")]

    operations = [
        migrations.AddField(
            model_name="outboundsend",
            name="send_at",
            field=models.DateTimeField(
                blank=True, help_text="When its countdown ends; empty: it goes out at once.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="outboundsend",
            name="state",
            field=models.CharField(
                choices=[
                    ("intent", "Going out"),
                    ("sent", "Sent"),
                    ("failed", "Failed"),
                    ("unknown", "Not known whether it went out"),
                    ("taken_back", "Taken back"),
                ],
                default="intent",
                max_length=10,
            ),
        ),
    ]
