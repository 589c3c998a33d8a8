"""Stores the recorded steps of jobs. A write changes nothing once the job's lease is lost."""

import json
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from jobs.db import fetch
from jobs.models import BackgroundJob, JobStep

Status = JobStep.Status
Effect = JobStep.Effect

# The statement locks the job's row, so no other worker can take the job between the check of the token and the insert.
WRITE = """
WITH held AS (
    SELECT id FROM jobs_backgroundjob
    WHERE id = %(job)s AND lease_token = %(token)s AND status = 'running' FOR NO KEY UPDATE
)
INSERT INTO jobs_jobstep (job_id, name, effect, status, result, reason, started_at, finished_at)
SELECT id, %(name)s, %(effect)s, %(status)s, %(result)s, %(reason)s,
       clock_timestamp() - %(took_ms)s * interval '1 millisecond',
       CASE WHEN %(status)s <> 'started' THEN clock_timestamp() END
FROM held
ON CONFLICT (job_id, name) DO UPDATE
SET status = EXCLUDED.status, result = EXCLUDED.result, reason = EXCLUDED.reason, finished_at = EXCLUDED.finished_at
RETURNING job_id
"""


def write(
    job_id: UUID,
    token: UUID,
    name: str,
    effect: str,
    status: str,
    *,
    output: Any = None,
    reason: str = "",
    took_ms: float = 0,
) -> bool:
    """Saves the record of a step. Returns False if `token` no longer holds the job."""
    values: dict[str, Any] = {
        "job": job_id,
        "token": token,
        "name": name,
        "effect": effect,
        "status": status,
        "result": None if output is None else json.dumps(output, cls=DjangoJSONEncoder),
        "reason": reason[:200],
        "took_ms": took_ms,
    }
    return bool(fetch(WRITE, values))


def forget_started(job_id: UUID, token: UUID, name: str) -> None:
    """Deletes the record of a step that was started but did not happen. A finished step keeps its record."""
    _held(job_id, token).filter(name=name, status=Status.STARTED).delete()


def forget(job_id: UUID, token: UUID, names: list[str]) -> None:
    """Deletes the records of these steps, so that they run again, if `token` still holds the job."""
    _held(job_id, token).filter(name__in=names).delete()


def _held(job_id: UUID, token: UUID) -> QuerySet[JobStep]:
    return JobStep.objects.filter(
        job=job_id, job__lease_token=token, job__status=BackgroundJob.Status.RUNNING
    )


def recorded(job_id: UUID) -> dict[str, JobStep]:
    return {step.name: step for step in JobStep.objects.filter(job_id=job_id)}
