from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0026_database_defaults"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="stopped_again_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When this STOP came again without an id: it may have been a second one.",
                null=True,
            ),
        ),
    ]
