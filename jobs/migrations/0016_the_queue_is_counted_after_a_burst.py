"""Has autovacuum count the jobs again after 1,000 changes, by default it waits for a tenth of all that are kept. With
counts from before a burst, the planner takes the queue for short, and reads all of it for each workspace.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # the lock lets traffic pass, and is held for this statement alone

    dependencies = [("jobs", "0015_claims_of_one_index")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE jobs_backgroundjob SET"
            " (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000)",
            "ALTER TABLE jobs_backgroundjob RESET"
            " (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)",
        )
    ]
