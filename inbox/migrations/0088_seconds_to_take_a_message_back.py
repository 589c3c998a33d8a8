import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds for how many seconds a message that a person sends can be taken back."""

    dependencies = [("inbox", "0087_members_who_are_away")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="undo_send_s",
            field=models.PositiveSmallIntegerField(
                db_default=10,
                default=10,
                help_text="For how many seconds a message that a person sends can be taken back; 0: it goes out at once.",
                validators=[django.core.validators.MaxValueValidator(60)],
            ),
        ),
    ]
