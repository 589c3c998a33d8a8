"""Registers and runs ticks, the recurring work. Clusters' django-q2 schedules and the platform's cron start them.

A lease prevents two runs of a tick at once. The schedules of all clusters together run a tick once in each of its
periods. A cron request runs the tick even if its period has had a run, and then counts as that period's run.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from jobs.conf import TICK_S
from jobs.db import fetch, persist
from jobs.deadline import Deadline
from jobs.failures import NO_FAILURE, Failure, describe
from jobs.models import Tick

logger = logging.getLogger(__name__)

TickFunction = Callable[[Deadline], dict[str, int]]

LEASE_GRACE_S = 30
"""Seconds from the end of a tick's time limit until its lease expires. The process that ran it then counts as gone."""

RECORD_S = 5

RECENT = 20
"""The number of stored runs of a tick, each as {"at", "ms", "counts", "error"}."""
CLAIM = """
INSERT INTO jobs_tick AS t
    (name, slot, lease_token, lease_expires_at, started_at, counts, error_class, error, overruns)
VALUES (%(name)s, floor(extract(epoch FROM statement_timestamp()) / %(every_s)s), %(token)s,
        statement_timestamp() + %(lease_s)s * interval '1 second', statement_timestamp(), '{}', '', '', 0)
ON CONFLICT (name) DO UPDATE SET slot = EXCLUDED.slot, lease_token = EXCLUDED.lease_token,
    lease_expires_at = EXCLUDED.lease_expires_at, started_at = EXCLUDED.started_at
WHERE (t.lease_expires_at IS NULL OR t.lease_expires_at < statement_timestamp())
  AND (%(requested)s OR t.slot < EXCLUDED.slot)
RETURNING name
"""
RECORD = f"""
UPDATE jobs_tick SET lease_token = NULL, lease_expires_at = NULL, finished_at = statement_timestamp(),
    duration_ms = %(ms)s, counts = %(counts)s, error_class = %(error_class)s, error = %(error)s,
    overruns = overruns + %(overran)s,
    recent = jsonb_path_query_array(
        jsonb_build_array(jsonb_build_object('at', started_at, 'ms', %(ms)s::int, 'counts', %(counts)s::jsonb,
                                             'error', %(error_class)s::text)) || recent,
        '$[0 to {RECENT - 1}]')
WHERE name = %(name)s AND lease_token = %(token)s
"""
SCHEDULE_PREFIX = "tick: "
SCHEDULE_LOCK = 0x7469636B  # any number that no other advisory lock of this database uses


@dataclass(frozen=True)
class TickSpec:
    """A tick that runs every `every_s` seconds for at most `budget_ms`. `run(deadline)` returns counts; the count
    "errors" is of errors in our own code. `limits()` returns settings that the response to a cron request reports,
    without a query. `words` describes the tick for users.
    """

    name: str
    run: TickFunction
    every_s: int
    budget_ms: int
    limits: Callable[[], dict[str, int]] = dict
    words: str = ""


TICKS: dict[str, TickSpec] = {}


def tick(
    name: str,
    run: TickFunction,
    *,
    words: str = "",
    every_s: int,
    budget_ms: int = TICK_S * 1000,
    limits: Callable[[], dict[str, int]] = dict,
) -> None:
    """Registers `run(deadline) -> counts` as a tick. Raises ImproperlyConfigured if `every_s` is not a multiple of 60
    (django-q2 schedules by the minute), if `budget_ms` is not below it, or if the name is a duplicate.
    """

    if every_s < 60 or every_s % 60:
        raise ImproperlyConfigured(f"Tick {name}: every_s must be a multiple of 60.")
    if not 0 < budget_ms < every_s * 1000:
        raise ImproperlyConfigured(f"Tick {name}: budget_ms must be positive and below its interval.")
    if TICKS.setdefault(name, TickSpec(name, run, every_s, budget_ms, limits, words)).run is not run:
        raise ImproperlyConfigured(f"Tick {name} is registered twice.")


def run_tick(name: str, *, requested: bool = False) -> dict[str, Any]:
    """Runs the tick within its time limit, stores the run, and returns its counts or {"skipped": reason}. A tick is
    skipped while it runs and, unless `requested`, if it has already run in this period. Raises KeyError for an unknown
    name, and the errors of the tick.
    """
    spec = TICKS[name]
    token = uuid4()
    claim = {
        "name": name,
        "every_s": spec.every_s,
        "token": token,
        "lease_s": spec.budget_ms / 1000 + LEASE_GRACE_S,
        "requested": requested,
    }
    if not fetch(CLAIM, claim):
        busy = Tick.objects.filter(name=name, lease_token__isnull=False).exists()
        return {"skipped": "running" if busy else "already worked"}
    began = time.monotonic()
    counts: dict[str, Any] = {}
    failure = NO_FAILURE
    try:
        counts = spec.run(Deadline.after_ms(spec.budget_ms))
        return counts
    except Exception as error:
        failure = describe(error, f"tick:{name}")
        raise
    finally:
        _record(spec, token, counts, failure, round((time.monotonic() - began) * 1000))


def _record(spec: TickSpec, token: UUID, counts: dict[str, Any], failure: Failure, duration_ms: int) -> None:
    # The rounded duration is compared, because a tick that stopped at its limit has used all of its time.
    overran = duration_ms >= spec.budget_ms
    log = logger.error if failure.error_class else logger.warning if overran else logger.info
    log(
        "tick ended",
        extra={
            "tick": spec.name,
            "duration_ms": duration_ms,
            "overran": overran,
            "error_class": failure.error_class,
            "error": failure.message,
            "counts": counts,
        },
    )
    gives_up_at = time.monotonic() + RECORD_S
    record = {
        "ms": duration_ms,
        "counts": json.dumps(counts),
        "error_class": failure.error_class,
        "error": failure.message,
        "overran": int(overran),
        "name": spec.name,
        "token": token,
    }
    persist(lambda: fetch(RECORD, record), give_up=lambda: time.monotonic() > gives_up_at)


def sync_schedules() -> None:
    """Makes django-q2's schedules match TICKS. The table allows equal names, so a lock prevents duplicates."""
    with transaction.atomic():
        fetch("SELECT pg_advisory_xact_lock(%s)", [SCHEDULE_LOCK])
        ours = Schedule.objects.filter(name__startswith=SCHEDULE_PREFIX)
        names = {SCHEDULE_PREFIX + name for name in TICKS}
        ours.exclude(name__in=names).delete()
        present = set(ours.values_list("name", flat=True))
        for spec in TICKS.values():
            wanted = {
                "func": "jobs.ticks.run_tick",
                "args": repr((spec.name,)),
                "schedule_type": Schedule.MINUTES,
                "minutes": spec.every_s // 60,
                "repeats": -1,
            }
            name = SCHEDULE_PREFIX + spec.name
            if name in present:
                ours.filter(name=name).update(**wanted)
            else:
                first = timezone.now() + timedelta(seconds=1)
                Schedule.objects.create(name=name, next_run=first, **wanted)
