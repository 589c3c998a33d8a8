"""Reserves a ninth of the places instead of a tenth: of the default 64, one for each of the seven lanes."""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    dependencies = [("jobs", "0018_a_lane_for_every_job")]

    operations = [run_file("jobs/sql/claim.sql", "de3f4274e771")]
