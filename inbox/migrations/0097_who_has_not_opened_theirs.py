"""Finds the conversations that were given to a member who has not opened them. Built beside traffic."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0096_conversations_handed_over")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS lead_handed_over", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "lead",
            models.Index(
                fields=["workspace", "assigned_to"],
                condition=Q(handed_over_at__isnull=False),
                name="lead_handed_over",
            ),
        ),
    ]
