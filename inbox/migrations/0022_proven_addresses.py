from django.db import migrations, models


class Migration(migrations.Migration):
    """Nothing tells who chose the passwords of the accounts that are there: their addresses stay unproven."""

    dependencies = [("inbox", "0021_walks_by_time")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="address_proven_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the password was set by a link that went to the address by mail, or by an operator. "
                "Empty: somebody else may know the password.",
                null=True,
            ),
        ),
    ]
