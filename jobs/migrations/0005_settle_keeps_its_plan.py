"""Makes functions of the statements that start and settle a job, so that PostgreSQL keeps their plans.

Planning cost as much per job as the writes themselves. A function's plan also works behind PgBouncer in transaction
mode, where a prepared statement does not. Index scans are forced, because a plan that was made while the table was
small would later read all of it. The index on the workspace alone is dropped: jobs_job_workspace begins with the same
column.
"""

import django.db.models.deletion
from django.db import migrations, models

# A start may be repeated if nobody knows whether its commit took effect: a claim starts each job only once.
START = """
CREATE FUNCTION jobs_start(job uuid, token uuid, lease_s integer)
RETURNS TABLE (attempts smallint, started_at timestamptz)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    UPDATE jobs_backgroundjob j
    SET started_at = coalesce(j.started_at, statement_timestamp()),
        attempts = j.attempts + (j.started_at IS NULL)::int,
        lease_expires_at = statement_timestamp() + make_interval(secs => lease_s)
    WHERE j.id = job AND j.lease_token = token AND j.status = 'running'
    RETURNING j.attempts, j.started_at;
END
$$
"""

# A job that would be queued again ends as cancelled if its cancellation was requested. If the token no longer holds the
# job, nothing about it is written and the outcome is NULL. `next` is started in both cases.
SETTLE = """
CREATE FUNCTION jobs_settle(
    job uuid, token uuid, next uuid, lease_s integer, new_status text, delay_ms bigint, refund integer,
    snoozed integer, death integer, loss integer, new_result jsonb, new_error_class text, new_error text,
    new_traceback text, new_fingerprint text, attempt integer, new_outcome text, began timestamptz,
    took_ms integer, worker_name text)
RETURNS TABLE (outcome text, next_attempts smallint, next_started_at timestamptz)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := statement_timestamp();
    written text;
BEGIN
    UPDATE jobs_backgroundjob j SET
        status = CASE WHEN new_status = 'queued' AND j.cancel_requested_at IS NOT NULL THEN 'cancelled'
                      ELSE new_status END,
        attempts = greatest(j.attempts - refund, 0), snoozes = j.snoozes + snoozed,
        worker_deaths = j.worker_deaths + death, losses = j.losses + loss,
        run_at = CASE WHEN new_status <> 'queued' OR j.cancel_requested_at IS NOT NULL THEN j.run_at
                      ELSE moment + delay_ms * interval '1 millisecond' END,
        started_at = CASE WHEN new_status <> 'queued' OR j.cancel_requested_at IS NOT NULL THEN j.started_at END,
        finished_at = CASE WHEN new_status <> 'queued' OR j.cancel_requested_at IS NOT NULL THEN moment END,
        lease_token = NULL, lease_expires_at = NULL, worker_id = NULL, result = new_result,
        last_error_class = new_error_class, last_error = new_error, fingerprint = new_fingerprint
    WHERE j.id = job AND j.lease_token = token AND j.status = 'running'
    RETURNING CASE WHEN j.status = 'cancelled' THEN 'cancelled' ELSE new_outcome END INTO written;
    IF FOUND THEN
        INSERT INTO jobs_jobattempt
            (job_id, number, outcome, started_at, finished_at, duration_ms, worker, error_class, error, traceback)
        VALUES (job, attempt, written, began, greatest(moment, began),
            coalesce(took_ms, extract(epoch FROM moment - began) * 1000),
            worker_name, new_error_class, new_error, new_traceback);
    END IF;
    RETURN QUERY SELECT written, s.attempts, s.started_at
    FROM (SELECT 1) one LEFT JOIN jobs_start(next, token, lease_s) s ON true;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0004_actions_have_permissions"),
    ]

    operations = [
        migrations.RunSQL(START, "DROP FUNCTION jobs_start"),
        migrations.RunSQL(SETTLE, "DROP FUNCTION jobs_settle"),
        migrations.AlterField(
            model_name="backgroundjob",
            name="workspace",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="inbox.workspace",
            ),
        ),
    ]
