"""An index of the replays of deliveries, which are few among all jobs."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

REPLAYS = models.Index(
    fields=["-created_at"], condition=models.Q(kind="deliveries.replay"), name="jobs_job_replays"
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0019_a_place_for_every_lane")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS jobs_job_replays", migrations.RunSQL.noop),
        AddIndexConcurrently("backgroundjob", REPLAYS),
    ]
