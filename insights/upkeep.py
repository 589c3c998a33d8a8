"""The tick that maintains context packs. The tick starts the jobs that build and refresh context packs, and marks packs
and questions as failed if their job has ended. An error in one context pack does not stop the others. After three
database failures in a row, the tick stops.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from insights import packs
from insights.models import ContextPack, PackQuestion
from insights.outage import PASSING, Outage
from insights.pack_building import pending_question
from jobs.db import db_fault
from jobs.deadline import Deadline
from jobs.models import BackgroundJob

logger = logging.getLogger(__name__)
Status = ContextPack.Status
OVER = BackgroundJob.FINAL
SCANNED = 200


def limits() -> dict[str, int]:
    """Returns the limits that the response to a cron request reports: the number of context packs that one run starts,
    and the number of conversations that a build reads in one round.
    """
    return {
        "packLimit": settings.INSIGHTS_CONTEXT_PACK_CRON_LIMIT,
        "maxThreadsToProcess": settings.INSIGHTS_CONTEXT_PACK_CRON_BATCH,
    }


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `insights/context-packs`: starts waiting builds, rebuilds stale packs, and ends builds and
    questions whose job has ended. Returns counts and the limits. The count `left` is of packs that
    the next run has to start or rebuild. It covers the first 200 unfinished and the first 200 stale packs.
    """
    counts: Counter[str] = Counter(started=0, refreshed=0, failed=0, underWay=0, questionsFailed=0)
    outage = Outage()
    each = partial(_each, deadline, outage, counts)
    limit = settings.INSIGHTS_CONTEXT_PACK_CRON_LIMIT
    under_way = list(
        ContextPack.objects.filter(status__in=ContextPack.UNDER_WAY).order_by("created_at")[:SCANNED]
    )
    counts["underWay"] = len(under_way)
    jobs = packs.jobs_of(under_way)
    over = [pack for pack in under_way if pack.pk in jobs and jobs[pack.pk].status in OVER]
    each("failed", over, lambda pack: _fail(pack, jobs[pack.pk]))
    each("started", [pack for pack in under_way if pack.pk not in jobs], packs.start, limit)
    stale = _stale()
    each("refreshed", stale, lambda pack: packs.build_again(pack, None)[1], limit - counts["started"])
    counts["left"] = sum(pack.pk not in jobs for pack in under_way) + len(stale)
    counts["left"] -= counts["started"] + counts["refreshed"]
    waiting = PackQuestion.objects.filter(status=PackQuestion.Status.PENDING).order_by("created_at")
    each("questionsFailed", waiting[:SCANNED], _give_up_question)
    return dict(counts) | {"retries": outage.retries} | limits()


def _each(
    deadline: Deadline,
    outage: Outage,
    counts: Counter[str],
    name: str,
    rows: Iterable[Any],
    work: Callable[[Any], bool],
    at_most: int = SCANNED,
) -> None:
    """Runs `work` for each of `rows` while time is left, and adds to `counts[name]` the rows that `work` changed."""
    for row in rows:
        if deadline.expired or counts[name] >= at_most:
            return
        try:
            counts[name] += bool(outage.visit(partial(work, row)))
        except Error as error:
            if outage.open or db_fault(error) not in PASSING:
                raise
            counts["connectionErrors"] += 1
        except Exception:
            logger.exception("pack left out", extra={"object_id": str(row.pk)})
            counts["errors"] += 1


def _fail(pack: ContextPack, job: BackgroundJob) -> bool:
    if job.status == BackgroundJob.Status.CANCELLED:
        return packs.fail(pack.pk, "The job was cancelled.")
    return packs.fail(pack.pk, f"The build failed after {job.attempts} attempts: {job.last_error}")


def _stale() -> list[ContextPack]:
    """Returns the newest build of each context pack that must be kept fresh, if that build has ended and is stale."""
    newer = ContextPack.objects.filter(
        workspace=OuterRef("workspace"), scope_key=OuterRef("scope_key"), pk__gt=OuterRef("pk")
    )
    now = timezone.now()
    due = Q(pk__in=[])
    for window, fresh_for in ContextPack.FRESH_FOR.items():
        due |= Q(window=window, finished_at__lt=now - fresh_for)
    packs = ContextPack.objects.filter(
        due, ~Exists(newer), keep_fresh=True, status__in=[Status.COMPLETE, Status.FAILED]
    )
    return list(packs.select_related("workspace").order_by("finished_at")[:SCANNED])


def _give_up_question(question: PackQuestion) -> bool:
    key = f"{packs.ANSWER}:{question.pk}"
    job = BackgroundJob.objects.filter(tenant=question.workspace_id, dedupe_key=key).first()
    if job is None or job.status not in OVER:
        return False
    reason = job.last_error or "The job was cancelled."
    status, moment = PackQuestion.Status.FAILED, timezone.now()
    return pending_question(question.pk).update(status=status, error=reason[:300], answered_at=moment) == 1
