"""Adds indexes to django-q2's tables. Its queue has only one on the key, so every poll would read the whole backlog.

`django_q_task` gets one for deleting old results by age (jobs.retention).
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY cannot run in a transaction

    dependencies = [
        ("jobs", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_django_q_ormq ON django_q_ormq (key, lock)",
            "DROP INDEX CONCURRENTLY IF EXISTS jobs_django_q_ormq",
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_django_q_task ON django_q_task (stopped)",
            "DROP INDEX CONCURRENTLY IF EXISTS jobs_django_q_task",
        ),
    ]
