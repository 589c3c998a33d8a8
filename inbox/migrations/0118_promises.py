"""The promises for answers. inbox.0128 has a trigger keep their times on the leads."""

import django.contrib.postgres.fields
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEXES = {
    "lead_answer_by": (["workspace", "answer_by"], models.Q(answer_by__isnull=False)),
    "lead_warn_at": (["warn_at"], models.Q(warn_at__isnull=False)),
    "lead_warned": (["workspace"], models.Q(warned_ids=[], _negated=True)),
}


def indexes():
    for name, (fields, condition) in INDEXES.items():
        yield migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
        yield AddIndexConcurrently("lead", models.Index(fields=fields, condition=condition, name=name))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0117_start_of_each_change")]

    operations = [
        migrations.AddField(
            "workspace",
            "promises",
            models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="Minutes of business hours until a reply must be answered, by tag, label or HOT.",
            ),
        ),
        migrations.AddField(
            "lead",
            "answer_by",
            models.DateTimeField(
                blank=True,
                null=True,
                help_text="When an answer is due under the promise. Empty if none is due.",
            ),
        ),
        migrations.AddField(
            "lead",
            "warn_at",
            models.DateTimeField(
                blank=True,
                null=True,
                help_text="When the next person is notified that the answer is almost due. If nobody is, as answer_by.",
            ),
        ),
        migrations.AddField(
            "lead",
            "warned_ids",
            django.contrib.postgres.fields.ArrayField(
                models.BigIntegerField(),
                blank=True,
                db_default=[],
                default=list,
                size=None,
                help_text="The users who were notified about the newest reply.",
            ),
        ),
        migrations.AddField(
            "outboundsend",
            "answer_by",
            models.DateTimeField(
                blank=True, null=True, help_text="When this answer was due by the promise (Lead.answer_by)."
            ),
        ),
        *indexes(),
    ]
