from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0121_later")]

    operations = [
        migrations.AddField(
            "workspace",
            "enter_twice",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Pressing Enter twice sends an unchanged ready draft.",
            ),
        ),
    ]
