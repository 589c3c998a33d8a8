"""The tick that resumes replies waiting for a model, oldest first, once a model is available."""

from datetime import timedelta

from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from inbox.intake.catch_up_job import CATCH_UP, spec
from inbox.intake.messages import PROCESS
from inbox.models import Message
from inbox.replying.prompts import model_calls
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many
from jobs.models import BackgroundJob

OLDEST = timedelta(days=30)
AT_ONCE = 200
"""The maximum number of replies per tick, so that new replies do not wait behind all of them."""


def tick(_deadline: Deadline) -> dict[str, int]:
    """The tick `catch-up`: if a model is available, enqueues the replies that wait for it, at most once an hour."""
    if not model_calls.ready():
        return {"enqueued": 0, "left": 0}
    # Jobs created in the same millisecond have no order. Their due times, which lie just in the past, define it.
    start = timezone.now() - timedelta(minutes=1)
    specs = [
        spec(message, run_at=start + timedelta(milliseconds=number))
        for number, message in enumerate(waiting()[:AT_ONCE])
    ]
    enqueued = len(enqueue_many(CATCH_UP, specs))
    return {"enqueued": enqueued, "left": waiting().count() if len(specs) == AT_ONCE else 0}


def waiting() -> QuerySet[Message]:
    """The newest reply of each lead that waits for a model, of the last 30 days, without a job, oldest first."""
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
