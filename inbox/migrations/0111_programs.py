"""The programs that decided, beside the people. A program's rows go with its workspace, so no constraint is needed."""

import django.db.models.deletion
from django.db import migrations, models


def program(model: str) -> migrations.AddField:
    key = models.ForeignKey(
        "integrations.ApiToken",
        django.db.models.deletion.DO_NOTHING,
        blank=True,
        db_constraint=False,
        db_index=False,
        editable=False,
        null=True,
        related_name="+",
    )
    return migrations.AddField(model, "program", key)


ORIGINS = [
    ("draft", "Draft"),
    ("followup", "Follow-up step"),
    ("person", "Written by a person"),
    ("program", "Written by a program"),
]


class Migration(migrations.Migration):
    atomic = False  # each table is locked by itself
    dependencies = [("inbox", "0110_second_factor"), ("integrations", "0019_programs")]

    operations = [
        program("auditentry"),
        program("draft"),
        program("followupinstance"),
        program("outboundsend"),
        program("tagdecision"),
        migrations.AlterField("outboundsend", "origin", models.CharField(choices=ORIGINS, max_length=10)),
    ]
