"""Every change of a job's state between enqueue and its end, each one fenced statement.

Claim, start, settle, give back, renew. A claim is exclusive by row lock and by the lock that all claims share; all
later writes name the claim's token and change nothing once the lease was taken away. Only the database's clock counts.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from jobs.conf import LEASE_S, WORKER_ALIVE_S
from jobs.failures import Failure
from jobs.models import BackgroundJob, job_from_row
from jobs.outcomes import Decision, Outcome

NOW = "statement_timestamp()"  # what Django's Now is; now() would be the start of the caller's transaction
LEASE_END = f"{NOW} + interval '{LEASE_S} seconds'"
CLAIM_LOCK = 0x686F6C64  # any number that no other advisory lock of this database uses
CLAIMED_FIELDS = (
    "id", "kind", "workspace_id", "payload", "dedupe_key", "status", "priority", "run_at", "first_run_at",
    "attempts", "snoozes", "worker_deaths", "losses", "lease_token", "worker_id", "created_at",
)  # fmt: skip

# One claim at a time (the first statement), each under a fresh snapshot (the second): so the cap per workspace holds
# exactly, with no row that everybody writes to. Both travel in one message, so no client can sit on the lock.
# `lanes` walks the index from one (priority, tenant) to the next; a tenant's backlog costs one index probe per claim.
# Order: priority; then the tenant with the fewest busy workers, one job each; then age.
CLAIM = f"""
SELECT pg_advisory_xact_lock({CLAIM_LOCK});
WITH RECURSIVE lanes AS (
    (SELECT priority, tenant FROM jobs_backgroundjob WHERE status = 'queued' ORDER BY priority, tenant LIMIT 1)
    UNION ALL
    SELECT next.priority, next.tenant FROM lanes, LATERAL (
        SELECT j.priority, j.tenant FROM jobs_backgroundjob j
        WHERE j.status = 'queued' AND (j.priority, j.tenant) > (lanes.priority, lanes.tenant)
        ORDER BY j.priority, j.tenant LIMIT 1) next
), busy AS (
    SELECT tenant, count(DISTINCT worker_id) AS workers FROM jobs_backgroundjob
    WHERE status = 'running' AND lease_expires_at > {NOW} GROUP BY tenant
), alive AS (
    SELECT count(*) AS workers FROM jobs_worker
    WHERE heartbeat_at > {NOW} - interval '{WORKER_ALIVE_S} seconds' AND ended_at IS NULL
), open_lanes AS (
    SELECT lanes.priority, lanes.tenant, coalesce(busy.workers, 0) AS busy
    FROM lanes CROSS JOIN alive LEFT JOIN busy USING (tenant)
    LEFT JOIN jobs_workspacelimit cap ON cap.workspace_id = lanes.tenant
    WHERE coalesce(busy.workers, 0) < coalesce(cap.max_workers, greatest(alive.workers - 1, 1))
), candidates AS (
    SELECT open_lanes.priority, open_lanes.busy, due.id, due.run_at,
           row_number() OVER (PARTITION BY open_lanes.priority, open_lanes.tenant ORDER BY due.run_at, due.id) AS rank
    FROM open_lanes, LATERAL (
        SELECT j.id, j.run_at FROM jobs_backgroundjob j
        WHERE j.status = 'queued' AND j.priority = open_lanes.priority AND j.tenant = open_lanes.tenant
          AND j.run_at <= {NOW}
        ORDER BY j.run_at, j.id LIMIT %(limit)s) due
), picked AS (
    SELECT j.id, c.busy + c.rank AS turn FROM jobs_backgroundjob j JOIN candidates c USING (id)
    WHERE j.status = 'queued' ORDER BY c.priority, turn, c.run_at, c.id LIMIT %(limit)s FOR UPDATE OF j SKIP LOCKED
)
UPDATE jobs_backgroundjob j
SET status = 'running', lease_token = %(token)s, worker_id = %(worker)s, started_at = NULL,
    lease_expires_at = {LEASE_END}, progress_done = NULL, progress_total = NULL
FROM picked WHERE j.id = picked.id
RETURNING j.priority, picked.turn, j.run_at, {", ".join(f"j.{name}" for name in CLAIMED_FIELDS)}
"""

# Both are functions in the database, which keeps their plans: see migrations 0005 and 0006. The batch's next job
# starts in the commit that settles the one before it: commits are what a busy worker waits for.
START = "SELECT * FROM jobs_start(%(next)s, %(token)s, %(lease_s)s)"
SETTLE = """
SELECT * FROM jobs_settle(
    %(id)s, %(token)s, %(next)s, %(lease_s)s, %(status)s, %(delay_ms)s, %(refund)s,
    %(snoozed)s, %(death)s, %(loss)s, %(result)s, %(error_class)s, %(error)s,
    %(traceback)s, %(fingerprint)s, %(attempt)s, %(outcome)s, %(started_at)s, %(duration_ms)s, %(worker)s,
    %(run_at)s)
"""

GIVE_BACK = """
UPDATE jobs_backgroundjob
SET status = 'queued', lease_token = NULL, lease_expires_at = NULL, worker_id = NULL
WHERE lease_token = %s AND worker_id = %s AND status = 'running' AND started_at IS NULL
RETURNING id
"""

RENEW = f"""
UPDATE jobs_backgroundjob SET lease_expires_at = {LEASE_END}
WHERE lease_token = %s AND worker_id = %s AND status = 'running'
RETURNING id, cancel_requested_at IS NOT NULL
"""


@dataclass(frozen=True)
class Started:
    """A job whose attempt has been counted; `job.attempts` and `job.started_at` are up to date."""

    job: BackgroundJob
    token: UUID


def claim(worker_id: UUID, limit: int) -> tuple[UUID, list[BackgroundJob]]:
    """Take up to `limit` due jobs for `worker_id`; returns the claim's token and the jobs, best first.

    Jobs claimed are not started: no attempt is counted yet.
    """
    token = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"limit": limit, "token": token, "worker": worker_id})
        cursor.nextset()
        rows = sorted(cursor.fetchall(), key=lambda row: row[:3])
    return token, [job_from_row(CLAIMED_FIELDS, row[3:]) for row in rows]


def start(job: BackgroundJob, token: UUID) -> Started | None:
    """Count the attempt and start `job`; None where it was taken back, given back or cancelled meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(START, {"next": job.pk, "token": token, "lease_s": LEASE_S})
        return _started(job, token, *(cursor.fetchone() or (None, None)))


def _started(
    job: BackgroundJob, token: UUID, attempts: int | None, started_at: datetime | None
) -> Started | None:
    if attempts is None:
        return None
    job.attempts, job.started_at = attempts, started_at
    return Started(job, token)


def settle(
    started: Started,
    decision: Decision,
    *,
    failure: Failure,
    result: Any = None,
    duration_ms: int | None = None,
    worker: str = "",
    death: bool = False,
    loss: bool = False,
    upcoming: BackgroundJob | None = None,
) -> tuple[str | None, Started | None]:
    """Write `decision` and the attempt's record, and start `upcoming`, the next job of the same claim, if given.

    Returns the outcome written, None where the token no longer holds the job (nothing of it is written then), and
    what start() would return for `upcoming`. `duration_ms` None: from the database's clock.
    """
    values = {
        "id": started.job.pk,
        "token": started.token,
        "next": upcoming and upcoming.pk,
        "lease_s": LEASE_S,
        "status": decision.status,
        "run_at": decision.run_at,
        "delay_ms": decision.delay_ms,
        "refund": int(decision.refund),
        "snoozed": int(decision.outcome is Outcome.SNOOZED),
        "death": int(death),
        "loss": int(loss),
        "result": None if result is None else json.dumps(result, cls=DjangoJSONEncoder),
        "error_class": failure.error_class,
        "error": " · ".join(part for part in (decision.note, failure.message) if part)[:500],
        "traceback": failure.traceback,
        "fingerprint": failure.fingerprint,
        "attempt": started.job.attempts,
        "outcome": decision.outcome,
        "started_at": started.job.started_at,
        "duration_ms": duration_ms,
        "worker": worker,
    }
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, values)
        outcome, attempts, started_at = cursor.fetchone()
    return outcome, upcoming and _started(upcoming, started.token, attempts, started_at)


def give_back(token: UUID, worker_id: UUID) -> set[UUID]:
    """Return the claim's unstarted jobs to the queue at no cost; the ids of those that were still unstarted."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, [token, worker_id])
        return {row[0] for row in cursor.fetchall()}


def renew(token: UUID, worker_id: UUID) -> dict[UUID, bool]:
    """Extend the claim's leases. Maps each job still held to whether its cancellation is wanted."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, [token, worker_id])
        return dict(cursor.fetchall())


def holds(job_id: UUID, token: UUID) -> bool:
    """Lock the job's row for the open transaction if the token still holds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM jobs_backgroundjob WHERE id = %s AND lease_token = %s AND status = 'running'"
            " FOR NO KEY UPDATE",
            [job_id, token],
        )
        return cursor.fetchone() is not None


def progress(job_id: UUID, token: UUID, done: int, total: int | None) -> bool:
    """Store the progress; False where the token no longer holds the job."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_backgroundjob SET progress_done = %s, progress_total = %s"
            " WHERE id = %s AND lease_token = %s AND status = 'running'",
            [done, total, job_id, token],
        )
        return cursor.rowcount == 1
