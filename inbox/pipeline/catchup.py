"""Catching up by itself: replies that a model still has to look at are worked on again, oldest first, once one can be
asked.
"""

from datetime import timedelta

from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from inbox import asking
from inbox.handlers.again import CATCH_UP, spec
from inbox.handlers.messages import PROCESS
from inbox.models import Message
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many
from jobs.models import BackgroundJob

OLDEST = timedelta(days=30)
AT_ONCE = 200
"""Replies per tick: what waits longest goes first, and new replies are not buried under old ones."""


def tick(_deadline: Deadline) -> dict[str, int]:
    """Enqueue the newest reply of every lead that waits for a model, each at most once an hour."""
    if not asking.ready():
        return {"enqueued": 0}
    # Jobs made in one millisecond have no order of their own, so their due times, just past, carry it.
    start = timezone.now() - timedelta(minutes=1)
    specs = [
        spec(message, run_at=start + timedelta(milliseconds=number))
        for number, message in enumerate(waiting()[:AT_ONCE])
    ]
    return {"enqueued": len(enqueue_many(CATCH_UP, specs))}


def waiting() -> QuerySet[Message]:
    """The newest reply of each lead that waits for a model and has no job under way, oldest first."""
    live = BackgroundJob.objects.annotate(about=KT("payload__message_id")).filter(
        workspace=OuterRef("workspace"),
        kind__in=[PROCESS, CATCH_UP],
        status__in=[BackgroundJob.Status.QUEUED, BackgroundJob.Status.RUNNING],
        about=Cast(OuterRef("pk"), CharField()),
    )
    newest = Message.objects.filter(
        ~Exists(live),
        lead__awaiting_model=True,
        direction=Message.Direction.INBOUND,
        processed_at__isnull=False,
        received_at__gt=timezone.now() - OLDEST,
        sent_at=F("lead__last_inbound_at"),
    )
    return newest.order_by("sent_at", "pk")
