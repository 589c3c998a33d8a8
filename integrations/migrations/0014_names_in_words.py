"""What the admin calls calls of models, and how accounts are. Nothing of the database changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("integrations", "0013_checks_have_a_permission")]

    operations = [
        migrations.AlterModelOptions("aicall", {"ordering": ["-id"], "verbose_name": "model call"}),
        migrations.AlterModelOptions(
            "workspaceintegrationhealth",
            {
                "permissions": [("check_workspaceintegrationhealth", "Can have accounts checked")],
                "verbose_name": "account",
                "verbose_name_plural": "accounts and their health",
            },
        ),
    ]
