"""Functions of the statements that start and settle a job, so that PostgreSQL keeps their plans.

Planning cost as much per job as the writes themselves. A function's plan also works behind PgBouncer in transaction
mode, where a prepared statement does not. Index scans are forced, because a plan that was made while the table was
small would later read all of it.

A database in which migrations before 0.1.0 have made them gets the same ones again.
"""

from django.db import migrations

# A start may be repeated if nobody knows whether its commit took effect: a claim starts each job only once.
START = """
CREATE OR REPLACE FUNCTION jobs_start(job uuid, token uuid, lease_s integer)
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
# job, nothing about it is written and the outcome is NULL. `next` is started in both cases. A job that is queued again
# is due at `due`, or else `delay_ms` from now; if both are NULL, it keeps its due time.
SETTLE = """
CREATE OR REPLACE FUNCTION jobs_settle(
    job uuid, token uuid, next uuid, lease_s integer, new_status text, delay_ms bigint, refund integer,
    snoozed integer, death integer, loss integer, new_result jsonb, new_error_class text, new_error text,
    new_traceback text, new_fingerprint text, attempt integer, new_outcome text, began timestamptz,
    took_ms integer, worker_name text, due timestamptz)
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
                      ELSE coalesce(due, moment + delay_ms * interval '1 millisecond', j.run_at) END,
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

# The same without `due`: processes of some commits before 0.1.0 call it, beside this release or after going back.
SETTLE_WITHOUT_DUE = SETTLE.replace(", due timestamptz)", ")").replace(
    "coalesce(due, moment + delay_ms * interval '1 millisecond', j.run_at)",
    "moment + delay_ms * interval '1 millisecond'",
)

ARGUMENTS = """
    uuid, uuid, uuid, integer, text, bigint, integer, integer, integer, integer, jsonb, text, text, text, text, integer,
    text, timestamptz, integer, text"""


class Migration(migrations.Migration):
    replaces = [("jobs", "0010_attempts_may_end_in_another_lane")]

    dependencies = [
        ("jobs", "0001_squashed_0009_tables"),
    ]

    operations = [
        migrations.RunSQL(START, "DROP FUNCTION jobs_start"),
        migrations.RunSQL(SETTLE_WITHOUT_DUE, f"DROP FUNCTION jobs_settle({ARGUMENTS})"),
        migrations.RunSQL(SETTLE, f"DROP FUNCTION jobs_settle({ARGUMENTS}, timestamptz)"),
    ]
