"""The function that settles a job now takes the time at which the job is due again.

So jobs that were put off together keep their order. The old function, with the same name and fewer arguments, stays for
processes of the previous release.
"""

from django.db import migrations

# As in 0005, but with `due`, which counts before `delay_ms` from now. If both are NULL, the job keeps its due time.
SETTLE = """
CREATE FUNCTION jobs_settle(
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


DROP = """
DROP FUNCTION jobs_settle(
    uuid, uuid, uuid, integer, text, bigint, integer, integer, integer, integer, jsonb, text, text, text, text, integer,
    text, timestamptz, integer, text, timestamptz)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0005_settle_keeps_its_plan"),
    ]

    operations = [migrations.RunSQL(SETTLE, DROP)]
