"""Changes a job's state from enqueue to its end: claim, start, settle, give back and renew.

Each change is one statement. Row locks and one lock shared by all claims make a claim exclusive. Later writes name the
claim's token, and change nothing if another worker has taken the job. Only the database's clock is used.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from jobs.conf import LEASE_S, MAX_BATCH, WORKER_ALIVE_S
from jobs.db import fetch
from jobs.errors import Moved
from jobs.failures import NO_FAILURE, Failure, describe
from jobs.kinds import policy_of
from jobs.lanes import LANES
from jobs.models import BackgroundJob, job_from_row
from jobs.retries import AttemptOutcome, Decision, decide

Status = BackgroundJob.Status
NOW = "statement_timestamp()"  # as Django's Now; now() would be the start of the caller's transaction
LEASE_END = f"{NOW} + interval '{LEASE_S} seconds'"
CLAIM_LOCK = 0x686F6C64  # any number that no other advisory lock of this database uses
FEW_PLACES = 8
"""With fewer places than this, no lane has a reserved place. Then only claims by age keep every lane moving."""
CLAIMED_FIELDS = (
    "id", "kind", "workspace_id", "payload", "dedupe_key", "status", "lane", "priority", "run_at", "first_run_at",
    "attempts", "snoozes", "worker_deaths", "losses", "lease_token", "worker_id", "created_at",
)  # fmt: skip

# These statements call functions in the database, which caches their plans: jobs/sql/claim.sql, start.sql and
# settle.sql. A busy worker mostly waits for commits, so the commit that settles a job also starts the next job of its
# batch.
CLAIM = f"""
SELECT place, {", ".join(f"(job).{name}" for name in CLAIMED_FIELDS)}
FROM jobs_claim(
    %(token)s, %(worker)s, %(aged)s, %(suspects)s, %(lock)s, %(lease_s)s, %(alive_s)s, %(few_places)s,
    %(names)s, %(promises_s)s::int[], %(turns)s::int[], %(halves)s, %(batches)s::int[])
"""
CLAIM_VALUES: dict[str, Any] = {
    "lock": CLAIM_LOCK,
    "lease_s": LEASE_S,
    "alive_s": WORKER_ALIVE_S,
    "few_places": FEW_PLACES,
    "names": [lane.name for lane in LANES],
    "promises_s": [lane.promise_s for lane in LANES],
    "turns": [lane.turn for lane in LANES],
    "halves": [lane.half for lane in LANES],
}
START = "SELECT * FROM jobs_start(%(next)s, %(token)s, %(lease_s)s)"
SETTLE = """
SELECT * FROM jobs_settle(
    %(id)s, %(token)s, %(next)s, %(lease_s)s, %(status)s, %(delay_ms)s, %(refund)s,
    %(snoozed)s, %(death)s, %(loss)s, %(result)s, %(error_class)s, %(error)s,
    %(traceback)s, %(fingerprint)s, %(attempt)s, %(outcome)s, %(started_at)s, %(duration_ms)s, %(worker)s,
    %(run_at)s)
"""

RENEW = f"""
UPDATE jobs_backgroundjob SET lease_expires_at = {LEASE_END}
WHERE lease_token = ANY(%s) AND worker_id = %s AND status = 'running'
RETURNING id, lease_token, cancel_requested_at IS NOT NULL
"""


@dataclass(frozen=True)
class Started:
    """A job that has begun to run, with its attempt counted. `token` proves the worker's right to the job."""

    job: BackgroundJob
    token: UUID
    started_at: datetime


def claim(
    worker_id: UUID, limit: int | Mapping[str, int], *, aged: bool = False, suspects: bool = True
) -> tuple[UUID, list[BackgroundJob]]:
    """Claims due jobs of one lane, with a lease of LEASE_S seconds. Returns the claim's token and the jobs, in order.
    `limit` is the most jobs to claim: one number for all lanes, or a number for each lane. `aged` claims from the lane
    that has waited longest relative to its promise. `suspects` also claims jobs that were running when a worker died.
    """
    token = uuid4()
    limits = limit if isinstance(limit, Mapping) else dict.fromkeys((lane.name for lane in LANES), limit)
    params: dict[str, Any] = {
        "token": token,
        "worker": worker_id,
        "aged": aged,
        "suspects": suspects,
        "batches": [min(limits[lane.name], MAX_BATCH) for lane in LANES],
    }
    rows = sorted(fetch(CLAIM, CLAIM_VALUES | params), key=lambda row: row[0])
    return token, [job_from_row(CLAIMED_FIELDS, row[1:]) for row in rows]


def start(job: BackgroundJob, token: UUID) -> Started | None:
    """Counts an attempt and starts `job`. Returns None if the job was taken back, given back or cancelled meanwhile."""
    rows = fetch(START, {"next": job.pk, "token": token, "lease_s": LEASE_S})
    return _started(job, token, *rows[0]) if rows else None


def _started(
    job: BackgroundJob, token: UUID, attempts: int | None, started_at: datetime | None
) -> Started | None:
    if attempts is None or started_at is None:
        return None
    job.attempts, job.started_at = attempts, started_at
    return Started(job, token, started_at)


def settle(
    started: Started,
    decision: Decision,
    *,
    failure: Failure,
    output: Any = None,
    duration_ms: int | None = None,
    worker: str = "",
    death: bool = False,
    loss: bool = False,
    upcoming: BackgroundJob | None = None,
) -> tuple[str | None, Started | None]:
    """Stores the decision about a job with the attempt, and starts the job `upcoming` of the same claim. Returns the
    outcome and the start of `upcoming`. If the token of `started` no longer holds the job, nothing is stored and the
    outcome is None. `death` means that the worker died first, and `loss` that the job lost its worker. The database
    measures the time if `duration_ms` is None.
    """
    values: dict[str, Any] = asdict(decision) | asdict(failure)
    values |= {
        "id": started.job.pk,
        "token": started.token,
        "next": upcoming and upcoming.pk,
        "lease_s": LEASE_S,
        "refund": int(decision.refund),
        "snoozed": int(decision.outcome is AttemptOutcome.SNOOZED),
        "death": int(death),
        "loss": int(loss),
        "result": None if output is None else json.dumps(output, cls=DjangoJSONEncoder),
        "error": " · ".join(part for part in (decision.note, failure.message) if part)[:500],
        "attempt": started.job.attempts,
        "started_at": started.started_at,
        "duration_ms": duration_ms,
        "worker": worker,
    }
    [(outcome, attempts, started_at)] = fetch(SETTLE, values)
    following = _started(upcoming, started.token, attempts, started_at) if upcoming else None
    return outcome, following


def settle_attempt(
    started: Started,
    error: BaseException | None,
    *,
    output: Any = None,
    duration_ms: int,
    cancel_requested: bool,
    worker: str,
    upcoming: BackgroundJob | None = None,
) -> tuple[str | None, Started | None]:
    """Settles a job whose attempt ended with `error` or `output`. Returns what `queue.settle` returns."""
    job = started.job
    decision = decide(
        error,
        policy=policy_of(job.kind),
        attempts=job.attempts,
        first_run_at=job.first_run_at,
        now=started.started_at + timedelta(milliseconds=duration_ms),
        cancel_requested=cancel_requested,
    )
    return settle(
        started,
        decision,
        failure=NO_FAILURE if error is None or isinstance(error, Moved) else describe(error, job.kind),
        output=output,
        duration_ms=duration_ms,
        worker=worker,
        upcoming=upcoming,
    )


def give_back(token: UUID, worker_id: UUID) -> None:
    """Requeues the claim's jobs that have not started. No attempt is used."""
    claimed = BackgroundJob.objects.filter(lease_token=token, worker_id=worker_id, status=Status.RUNNING)
    claimed.filter(started_at=None).update(
        status=Status.QUEUED, lease_token=None, lease_expires_at=None, worker_id=None
    )


def renew(tokens: list[UUID], worker_id: UUID) -> dict[tuple[UUID, UUID], bool]:
    """Extends the leases of these claims. Maps each job still held, as (id, token), to whether to cancel the job."""
    return {(job_id, token): wanted for job_id, token, wanted in fetch(RENEW, [tokens, worker_id])}


def holds(job_id: UUID, token: UUID) -> bool:
    """Whether `token` still holds the running job. Locks the job's row for the open transaction."""
    return bool(_held(job_id, token).select_for_update(no_key=True).values_list("pk"))


def change_lane(job_id: UUID, token: UUID, lane: str) -> bool:
    """Moves the running job to `lane`. Returns False if `token` no longer holds the job."""
    return _held(job_id, token).update(lane=lane) == 1


def progress(job_id: UUID, token: UUID, done: int, total: int | None) -> bool:
    """Stores the progress of the running job. Returns False if `token` no longer holds the job."""
    return _held(job_id, token).update(progress_done=done, progress_total=total) == 1


def _held(job_id: UUID, token: UUID) -> QuerySet[BackgroundJob]:
    return BackgroundJob.objects.filter(pk=job_id, lease_token=token, status=Status.RUNNING)
