-- Ends a job's attempt, writes its record and starts the next job of the claim. A job that would be queued again ends
-- as cancelled if its cancellation was requested. If the token no longer holds the job, nothing about it is written and
-- the outcome is NULL. `next` is started in both cases. A job that is queued again is due at `due`, or else `delay_ms`
-- from now; if both are NULL, it keeps its due time.
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
$$;
