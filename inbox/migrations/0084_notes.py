"""Keeps notes of colleagues beside a conversation. A new one is followed like a message, so that open pages learn of it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import jobs.ids

FOLLOW = """
CREATE OR REPLACE TRIGGER note_is_followed AFTER INSERT OR UPDATE ON inbox_note
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
"""
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("inbox", "0083_how_long_a_workspace_keeps")]

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="notes", to="inbox.lead"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=CASCADE, related_name="notes", to="inbox.workspace"),
                ),
            ],
            options={"indexes": [models.Index(fields=["lead", "-created_at"], name="note_by_lead")]},
        ),
        migrations.RunSQL(FOLLOW, "DROP TRIGGER note_is_followed ON inbox_note"),
    ]
