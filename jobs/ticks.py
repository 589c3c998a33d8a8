"""Ticks: recurring work that selects, claims and enqueues within its budget, one lease per tick.

The same tick may be asked for by django-q2's schedule in several clusters and by the platform's cron over HTTP. A
schedule works each period once, whoever is first. A cron request always works, as somebody asked for it, and uses the
period up. Two never run at once. An overrun is counted; `last run` and `counts` are there for the pages.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from jobs.db import persist
from jobs.deadline import Deadline
from jobs.failures import NO_FAILURE, Failure, describe
from jobs.models import Tick

logger = logging.getLogger(__name__)

TickFunction = Callable[[Deadline], dict[str, int]]

LEASE_GRACE_S = 30
"""A tick's lease outlives its budget by this much; then its process counts as gone."""

RECORD_S = 5


@dataclass(frozen=True)
class TickSpec:
    """A registered tick. `run(deadline)` returns counts; "errors" among them counts defects of our own.

    `limits()` tells the knobs in force, for a cron's answer that has no counts. It may not ask the database.
    """

    name: str
    run: TickFunction
    every_s: int
    budget_ms: int
    limits: Callable[[], dict[str, int]] = dict


TICKS: dict[str, TickSpec] = {}


def tick(
    name: str, *, every_s: int, budget_ms: int = 20_000, limits: Callable[[], dict[str, int]] = dict
) -> Callable[[TickFunction], TickFunction]:
    """Register the decorated `run(deadline) -> counts` under its cron name. `limits` as in TickSpec.

    `every_s` is a multiple of 60, as django-q2 schedules by the minute. Raises ImproperlyConfigured.
    """

    def register(run: TickFunction) -> TickFunction:
        if every_s < 60 or every_s % 60:
            raise ImproperlyConfigured(f"Tick {name}: every_s must be a multiple of 60.")
        if not 0 < budget_ms < every_s * 1000:
            raise ImproperlyConfigured(f"Tick {name}: budget_ms must be positive and below its interval.")
        if TICKS.setdefault(name, TickSpec(name, run, every_s, budget_ms, limits)).run is not run:
            raise ImproperlyConfigured(f"Tick {name} is registered twice.")
        return run

    return register


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


def run_tick(name: str, *, requested: bool = False) -> dict[str, Any]:
    """Run the tick `name`, unless it is running or (where not `requested`) its period has been worked.

    Returns its counts, or {"skipped": reason}. Raises KeyError for an unknown name and whatever the tick raises.
    """
    spec = TICKS[name]
    token = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "name": name,
                "every_s": spec.every_s,
                "token": token,
                "lease_s": spec.budget_ms / 1000 + LEASE_GRACE_S,
                "requested": requested,
            },
        )
        claimed = cursor.fetchone()
    if not claimed:
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


def _record(spec: TickSpec, token, counts: dict[str, Any], failure: Failure, duration_ms: int) -> None:
    overran = duration_ms >= spec.budget_ms  # whole ms: one that was cut at its budget has used all of it
    log = logger.error if failure.error_class else logger.warning if overran else logger.info
    log(
        "tick ended",
        extra={
            "tick": spec.name,
            "duration_ms": duration_ms,
            "overran": overran,
            "error_class": failure.error_class,
            "counts": counts,
        },
    )
    gives_up_at = time.monotonic() + RECORD_S

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE jobs_tick SET lease_token = NULL, lease_expires_at = NULL,"
                " finished_at = statement_timestamp(), duration_ms = %s, counts = %s, error_class = %s, error = %s,"
                " overruns = overruns + %s WHERE name = %s AND lease_token = %s",
                [
                    duration_ms,
                    json.dumps(counts),
                    failure.error_class,
                    failure.message,
                    int(overran),
                    spec.name,
                    token,
                ],
            )

    persist(write, give_up=lambda: time.monotonic() > gives_up_at)
