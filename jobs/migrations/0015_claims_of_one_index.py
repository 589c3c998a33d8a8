"""Drops an index with which a claim could look through all of a workspace's jobs for those of one lane.

Claims before 0.1.0 used it. They still work, with the index of the lanes.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("jobs", "0014_claims_keep_their_plan")]

    operations = [RemoveIndexConcurrently("backgroundjob", "jobs_job_claim")]
