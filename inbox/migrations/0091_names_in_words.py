"""What the admin calls follow-ups and the reading of texts. Nothing of the database changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbox", "0090_names_of_leads_by_workspace")]

    operations = [
        migrations.AlterModelOptions("followupinstance", {"verbose_name": "follow-up"}),
        migrations.AlterModelOptions(
            "followupsequence", {"ordering": ["name", "id"], "verbose_name": "follow-up sequence"}
        ),
        migrations.AlterModelOptions(
            "followupstep", {"ordering": ["position", "id"], "verbose_name": "follow-up step"}
        ),
        migrations.AlterModelOptions("followuptask", {"verbose_name": "follow-up task"}),
        migrations.AlterModelOptions(
            "textaccess",
            {
                "permissions": [("open_text", "Can read texts of any workspace, with a reason")],
                "verbose_name": "access to texts",
                "verbose_name_plural": "accesses to texts",
            },
        ),
    ]
