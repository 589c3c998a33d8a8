"""Enqueue: a job row in the caller's transaction, once per dedupe key, and the wake-up that goes with it.

The unique constraint (tenant, dedupe_key) is the truth. A duplicate changes nothing: it never resets a running or
finished job; it does create the job where it is missing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.models import NO_WORKSPACE, BackgroundJob
from jobs.registry import KINDS
from jobs.wakeup import ring

PAYLOAD_LIMIT = 8_000
"""Characters of JSON. A payload holds ids; more than this is somebody's text."""


@dataclass(frozen=True)
class JobSpec:
    """One job of `enqueue_many`. `run_at` None is now; `priority` None is the kind's (lower goes first)."""

    dedupe_key: str
    workspace_id: UUID | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    priority: int | None = None


def enqueue(
    kind: str,
    *,
    dedupe_key: str,
    workspace_id: UUID | None = None,
    payload: dict[str, Any] | None = None,
    run_at: datetime | None = None,
    priority: int | None = None,
) -> tuple[BackgroundJob, bool]:
    """The job of this key in this workspace, and whether this call created it.

    Runs in the caller's transaction. Two callers with one key at once: one creates, the other waits for its commit
    and gets its job. Raises ValueError naming the argument for an unknown kind, a bad key or an oversized payload.
    """
    row = _row(kind, JobSpec(dedupe_key, workspace_id, payload or {}, run_at, priority))
    with transaction.atomic():
        while True:
            BackgroundJob.objects.bulk_create([row], ignore_conflicts=True)
            job = BackgroundJob.objects.filter(
                tenant=workspace_id or NO_WORKSPACE, dedupe_key=dedupe_key
            ).first()
            if job is not None:  # None: pruned between the two statements, so insert again
                break
        if created := job.pk == row.pk:
            _ring_if_due([row])
        return job, created


def enqueue_many(kind: str, specs: Sequence[JobSpec]) -> set[UUID]:
    """Insert the missing ones of `specs` in one statement and return the ids of the new jobs.

    Runs in the caller's transaction; duplicates change nothing. Raises ValueError as `enqueue` does.
    """
    rows = [_row(kind, spec) for spec in specs]
    with transaction.atomic():
        BackgroundJob.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)
        offered = [row.pk for row in rows]
        created = set(BackgroundJob.objects.filter(pk__in=offered).values_list("pk", flat=True))
        _ring_if_due([row for row in rows if row.pk in created])
        return created


def _ring_if_due(rows: list[BackgroundJob]) -> None:
    now = timezone.now()
    if any(not isinstance(row.run_at, datetime) or row.run_at <= now for row in rows):
        ring()


def _row(kind: str, spec: JobSpec) -> BackgroundJob:
    if kind not in KINDS:
        raise ValueError(f"kind: no job kind is registered as {kind!r}.")
    if not 0 < len(spec.dedupe_key) <= 255:
        raise ValueError("dedupe_key: must be 1 to 255 characters, made from ids alone.")
    if len(json.dumps(spec.payload)) > PAYLOAD_LIMIT:
        raise ValueError(f"payload: over {PAYLOAD_LIMIT} characters of JSON; pass ids, not contents.")
    row = BackgroundJob(
        kind=kind,
        workspace_id=spec.workspace_id,
        dedupe_key=spec.dedupe_key,
        payload=spec.payload,
        priority=KINDS[kind].policy.priority if spec.priority is None else spec.priority,
    )
    if spec.run_at is not None:
        row.run_at = row.first_run_at = spec.run_at
    return row
