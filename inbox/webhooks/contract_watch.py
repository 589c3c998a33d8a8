"""The tick `contract-watch` compares new deliveries with the contracts of their providers, and reports deviations to
operators: once, and again when their number has grown tenfold.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inbox.models import DatabaseOrigin, Deviation, WebhookDelivery
from integrations import registry
from integrations.events import BACKFILL, PayloadInvalid
from jobs.deadline import Deadline

logger = logging.getLogger(__name__)

SLICE = 200
MOST = 200
"""The maximum number of different deviations per account. More of them mean a form that has nothing in common with the
contract.
"""
TENFOLD = 10
SETTLED = timedelta(minutes=1)
"""A delivery's id is created before its transaction ends. No transaction takes longer than this
(`views.STATEMENT_S`).
"""
BEGINS = timedelta(days=1)
"""The period of an installation's first comparison."""
NEWS = timedelta(days=7)
"""Operators see a reported deviation for this long: on the admin's first page, in `doctor` and in `/metrics`."""
UNTOLD = Q(told_count=0) | Q(count__gte=F("told_count") * TENFOLD)


class Place(NamedTuple):
    integration_id: UUID | None
    source: str
    kind: str
    name: str


class Sighting:
    """How often and when a deviation was seen in a slice of deliveries, and the last delivery with it."""

    def __init__(self, delivery: WebhookDelivery) -> None:
        self.count, self.first_at = 0, delivery.received_at
        self.add(delivery)

    def add(self, delivery: WebhookDelivery) -> None:
        self.count += 1
        self.last_at, self.example = delivery.received_at, delivery.pk


def tick(deadline: Deadline) -> dict[str, int]:
    """The tick `contract-watch`. At `deadline` it stops, and the next run goes on."""
    counts = {"compared": 0, "told": 0}
    while not deadline.expired and (number := _compare_slice()):
        counts["compared"] += number
    counts["told"] = tell()
    return counts


def news() -> QuerySet[Deviation]:
    """The deviations that were recently reported to operators, newest first."""
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
            logger.warning("a provider sends what its contract lacks", extra=facts | ids)
    return number


def _compare_slice() -> int:
    """Compares the next deliveries, and returns their number. Nothing is counted if another process was faster, because
    the mark advances in the same transaction.
    """
    now = timezone.now()
    mark = DatabaseOrigin.objects.values_list("watched_through", flat=True).get()
    new = WebhookDelivery.objects.filter(pk__gt=mark or _id_at(now - BEGINS), pk__lt=_id_at(now - SETTLED))
    columns = (
        "integration_id",
        "source",
        "event_type",
        "body",
        "headers",
        "received_at",
        "sample",
        "replay_of_id",
    )
    rows = list(new.order_by("pk").only(*columns)[:SLICE])
    if not rows:
        return 0
    sightings: dict[Place, Sighting] = {}
    for row in rows:
        for place in _deviations(row):
            if place in sightings:
                sightings[place].add(row)
            else:
                sightings[place] = Sighting(row)
    with transaction.atomic():
        if not DatabaseOrigin.objects.filter(watched_through=mark).update(watched_through=rows[-1].pk):
            return 0
        for place, sighting in sightings.items():
            _count(place, sighting)
    return len(rows)


def _deviations(delivery: WebhookDelivery) -> Iterator[Place]:
    source = registry.webhook_sources().get(delivery.source)
    ours = delivery.sample or delivery.replay_of_id or delivery.event_type == BACKFILL
    if source is None or ours or delivery.body is None:
        return
    try:
        body: Any = source.decode(bytes(delivery.body))
    except PayloadInvalid:
        body = None
    for deviation in source.contract.deviations(body, delivery.headers):
        yield Place(delivery.integration_id, delivery.source, *deviation)


def _count(place: Place, sighting: Sighting) -> None:
    last = {"last_at": sighting.last_at, "example": sighting.example}
    rows = Deviation.objects.filter(integration=place.integration_id, source=place.source)
    if rows.filter(kind=place.kind, name=place.name).update(count=F("count") + sighting.count, **last):
        return
    if rows.count() < MOST:
        Deviation.objects.create(**place._asdict(), **last, count=sighting.count, first_at=sighting.first_at)


def _id_at(at: datetime) -> UUID:
    """The lowest id that a row of this moment can have (jobs.ids.uuid7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
