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
                help_text="An unchanged ready draft is sent by the second Enter.",
            ),
        ),
    ]
