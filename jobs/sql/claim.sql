-- Claims due jobs of one lane for one job thread (jobs.queue.claim).
--
-- One claim runs at a time, and each statement of a function has a snapshot of its own. So limits and reserved places
-- hold exactly, without a row that everybody writes to. A place is a claim's token: the jobs of one claim are of one
-- lane and run one after the other. `queues` steps through the index from one (lane, priority, tenant) to the next, so
-- a backlog costs one index look-up per claim. The order is: the lane, the priority, the tenant with the fewest places
-- in that lane (one job each), the age. The arrays describe the lanes in their order, one element for each lane.
--
-- PostgreSQL keeps the function's plan: planning took three times as long as a claim of an idle queue. Where a flood is
-- younger than the table's statistics, the planner takes the queue for empty, and any index for as good as another. So
-- the function has no sorts, where an index has the order, and no reads of whole tables; and the rows that it found are
-- read again by an array of ids.
CREATE OR REPLACE FUNCTION jobs_claim(
    new_token uuid, worker uuid, aged boolean, with_suspects boolean, lock bigint, lease_s integer, alive_s integer,
    few_places integer, names text[], promises_s integer[], turns integer[], halves boolean[], batches integer[])
RETURNS TABLE (place integer, job jobs_backgroundjob)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_sort = off SET enable_incremental_sort = off AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := statement_timestamp();
    own_lanes integer := (SELECT count(turn) FROM unnest(turns) turn);
    ids uuid[];
    most_jobs integer;
BEGIN
    PERFORM pg_advisory_xact_lock(lock);
    WITH RECURSIVE lanes AS (
        SELECT * FROM unnest(names, promises_s, turns, halves, batches)
            WITH ORDINALITY each_lane (lane, promise_s, turn, half, batch, rank)
    ), queues AS (
        (SELECT lane, priority, tenant FROM jobs_backgroundjob WHERE status = 'queued'
         ORDER BY lane, priority, tenant LIMIT 1)
        UNION ALL
        SELECT next.lane, next.priority, next.tenant FROM queues, LATERAL (
            SELECT j.lane, j.priority, j.tenant FROM jobs_backgroundjob j
            WHERE j.status = 'queued'
              AND (j.lane, j.priority, j.tenant) > (queues.lane, queues.priority, queues.tenant)
            ORDER BY j.lane, j.priority, j.tenant LIMIT 1) next
    ), running AS MATERIALIZED (
        SELECT DISTINCT lane, tenant, lease_token FROM jobs_backgroundjob
        WHERE status = 'running' AND lease_expires_at > moment
    ), busy AS (
        SELECT tenant, count(DISTINCT lease_token) AS places FROM running GROUP BY tenant
    ), busy_in_lane AS (
        SELECT lane, tenant, count(*) AS places FROM running GROUP BY lane, tenant
    ), used AS (
        SELECT lane, count(DISTINCT lease_token) AS places FROM running GROUP BY lane
    ), alive AS (
        SELECT places, greatest(places - greatest(places / 8, 1), 1) AS most,
               CASE WHEN places < few_places THEN 0 ELSE greatest(places / 9, 1) END AS set_aside,
               greatest(places, 1 + (SELECT count(DISTINCT lease_token) FROM running)) AS total
        FROM (SELECT coalesce(sum(places), 0) AS places FROM jobs_worker
              WHERE heartbeat_at > moment - make_interval(secs => alive_s) AND ended_at IS NULL) known
    ), room AS (
        SELECT lanes.*, total, coalesce(used.places, 0) AS used,
               CASE WHEN lanes.turn IS NULL THEN 0
                    ELSE set_aside / own_lanes + (lanes.turn < mod(set_aside, own_lanes))::int END AS own
        FROM lanes CROSS JOIN alive LEFT JOIN used USING (lane)
    ), open_lanes AS (
        SELECT room.* FROM room,
            (SELECT max(total) - sum(own) - sum(greatest(used - own, 0)) AS free FROM room) shared
        WHERE (used < own OR free > 0) AND (NOT half OR used < greatest(total / 2, 1))
    ), heads AS (
        SELECT lane, rank, promise_s, batch, priority, tenant, coalesce(busy_in_lane.places, 0) AS busy, due.run_at
        FROM queues JOIN open_lanes USING (lane) CROSS JOIN alive
        LEFT JOIN busy USING (tenant) LEFT JOIN busy_in_lane USING (lane, tenant)
        LEFT JOIN jobs_workspacelimit cap ON cap.workspace_id = tenant,
        LATERAL (
            SELECT j.run_at FROM jobs_backgroundjob j
            WHERE j.status = 'queued' AND j.lane = queues.lane AND j.priority = queues.priority
              AND j.tenant = queues.tenant AND j.run_at <= moment AND (j.worker_deaths = 0 OR with_suspects)
            ORDER BY j.run_at, j.id LIMIT 1) due
        WHERE coalesce(busy.places, 0) < coalesce(cap.max_workers, most)
    ), chosen AS (
        SELECT lane, batch FROM heads GROUP BY lane, rank, promise_s, batch
        ORDER BY CASE WHEN aged THEN extract(epoch FROM min(run_at) - moment) / promise_s END, rank LIMIT 1
    ), candidates AS (
        SELECT heads.priority, heads.busy, due.id, due.run_at,
               row_number() OVER (PARTITION BY heads.priority, heads.tenant ORDER BY due.run_at, due.id) AS rank
        FROM chosen JOIN heads USING (lane), LATERAL (
            SELECT j.id, j.run_at FROM jobs_backgroundjob j
            WHERE j.status = 'queued' AND j.lane = chosen.lane AND j.priority = heads.priority
              AND j.tenant = heads.tenant AND j.run_at <= moment AND (j.worker_deaths = 0 OR with_suspects)
            ORDER BY j.run_at, j.id LIMIT chosen.batch) due
    ), in_order AS (  -- a few more than are wanted, in case that somebody has locked some
        SELECT c.id, row_number() OVER (ORDER BY c.priority, c.busy + c.rank, c.run_at, c.id) AS place
        FROM candidates c ORDER BY place LIMIT (SELECT 2 * batch + 10 FROM chosen)
    )
    SELECT array_agg(id ORDER BY place), (SELECT batch FROM chosen) INTO ids, most_jobs FROM in_order;

    -- The expression for the status keeps the planner from walking an index of all queued jobs.
    RETURN QUERY
    UPDATE jobs_backgroundjob j
    SET status = 'running', lease_token = new_token, worker_id = worker, started_at = NULL,
        lease_expires_at = moment + make_interval(secs => lease_s), progress_done = NULL, progress_total = NULL
    WHERE j.id = ANY (ARRAY(
        SELECT free.id FROM jobs_backgroundjob free WHERE free.id = ANY (ids) AND free.status || '' = 'queued'
        ORDER BY array_position(ids, free.id) LIMIT most_jobs FOR UPDATE SKIP LOCKED))
    RETURNING array_position(ids, j.id), j;
END
$$;
