"""The tick `contract-watch` compares new deliveries with the contracts of their providers. It reports each deviation to
operators: when it is new, and again whenever it has become ten times as frequent.
"""

import logging
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inbox.models import DatabaseOrigin, Deviation, WebhookDelivery
from integrations import registry
from integrations.contract import ANY
from integrations.events import BACKFILL, PayloadInvalid
from jobs.deadline import Deadline

logger = logging.getLogger(__name__)

SLICE = 100
MOST = 200
"""The maximum number of different deviations per account, and per delivery. A delivery with more has nothing in common
with the contract. Further deviations are counted together, as ANY of their kind.
"""
TENFOLD = 10
SETTLED = timedelta(minutes=1)
"""Deliveries younger than this are compared later, because a delivery gets its id before its transaction ends. No
transaction takes longer than this (`views.STATEMENT_S`).
"""
BEGINS = timedelta(days=1)
"""The first comparison of an installation covers the deliveries of this period."""
NEWS = timedelta(days=7)
"""Operators see a reported deviation for this long: on the admin's first page, in `doctor` and in `/metrics`."""
UNTOLD = Q(told_count=0) | Q(count__gte=F("told_count") * TENFOLD)


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `contract-watch`. The tick stops at `deadline`; the next run continues."""
    counts = {"compared": 0, "told": 0}
    while not deadline.expired and (number := _compare_slice()):
        counts["compared"] += number
    counts["told"] = tell()
    return counts


def news() -> QuerySet[Deviation]:
    """Returns the deviations that were recently reported to operators, newest first."""
    return Deviation.objects.filter(told_at__gt=timezone.now() - NEWS).order_by("-told_at", "pk")


def tell() -> int:
    """Logs the deviations that are not yet reported to operators, and marks them as reported. Returns their number."""
    number = 0
    for row in Deviation.objects.filter(UNTOLD).select_related("integration"):
        now = timezone.now()
        if Deviation.objects.filter(UNTOLD, pk=row.pk).update(told_count=row.count, told_at=now):
            number += 1
            facts = {"source": row.source, "kind": row.kind, "new": row.name, "count": row.count}
            ids = {"integration_id": str(row.integration_id), "delivery_id": str(row.example)}
            logger.warning("a provider sends data that its contract lacks", extra=facts | ids)
    return number


def _compare_slice() -> int:
    """Compares the next deliveries, and returns their number. If another process was faster, nothing is counted,
    because the mark (`watched_through`) advances in the same transaction.
    """
    now = timezone.now()
    mark = DatabaseOrigin.objects.values_list("watched_through", flat=True).get()
    new = WebhookDelivery.objects.filter(pk__gt=mark or _id_at(now - BEGINS), pk__lt=_id_at(now - SETTLED))
    rows = list(new.order_by("pk")[:SLICE])
    if not rows:
        return 0
    sightings: dict[tuple[UUID | None, str, str, str], list[WebhookDelivery]] = defaultdict(list)
    for row in rows:
        for kind, name in _deviations(row):
            sightings[row.integration_id, row.source, kind, name].append(row)
    with transaction.atomic():
        if not DatabaseOrigin.objects.filter(watched_through=mark).update(watched_through=rows[-1].pk):
            return 0
        for place, deliveries in sightings.items():
            _count(*place, deliveries)
    return len(rows)


def _deviations(delivery: WebhookDelivery) -> set[tuple[str, str]]:
    source = registry.webhook_sources().get(delivery.source)
    ours = delivery.sample or delivery.replay_of_id or delivery.event_type == BACKFILL
    if source is None or ours or delivery.body is None:
        return set()
    try:
        body: Any = source.decode(bytes(delivery.body))
    except PayloadInvalid:
        body = None
    new = sorted(source.contract.deviations(body, delivery.headers))
    return {*new[:MOST], *((kind, ANY) for kind, _ in new[MOST:])}


def _count(
    account: UUID | None, source: str, kind: str, name: str, deliveries: list[WebhookDelivery]
) -> None:
    last = {"last_at": deliveries[-1].received_at, "example": deliveries[-1].pk}
    rows = Deviation.objects.filter(integration=account, source=source)
    if rows.filter(kind=kind, name=name).update(count=F("count") + len(deliveries), **last):
        return
    if name != ANY and rows.exclude(name=ANY).count() >= MOST:
        _count(account, source, kind, ANY, deliveries)
        return
    key = {"integration_id": account, "source": source, "kind": kind, "name": name}
    first_at = deliveries[0].received_at
    Deviation.objects.create(**key, **last, count=len(deliveries), first_at=first_at)


def _id_at(at: datetime) -> UUID:
    """Returns the lowest id that a row stored at this moment can have (jobs.ids.uuid7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
