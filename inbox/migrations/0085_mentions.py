"""Keeps whom a note calls, and whether they have read it."""

import django.db.models.deletion
from django.db import migrations, models

CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("inbox", "0084_notes")]

    operations = [
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("membership", models.ForeignKey(db_index=False, on_delete=CASCADE, to="inbox.membership")),
                (
                    "note",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="mentions", to="inbox.note"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("note", "membership"), name="mention_once")],
                "indexes": [
                    models.Index(fields=["membership"], name="mention_by_member"),
                    models.Index(
                        condition=models.Q(("read_at", None)), fields=["membership"], name="mention_unread"
                    ),
                ],
            },
        ),
    ]
