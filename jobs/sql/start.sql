-- Starts a claimed job and counts its attempt. A start may be repeated if nobody knows whether its commit took effect:
-- a claim starts each job only once. PostgreSQL keeps a function's plan, also behind PgBouncer in transaction mode.
-- Index scans are forced, because a plan that was made while the table was small would later read all of it.
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
$$;
