"""Takes over a restored database (`manage.py restored`). Sends that may have gone out become unknown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inbox.models import DatabaseOrigin, Draft, Event, FollowUpInstance, Lead, Message, OutboundSend
from inbox.models.origin import here
from inbox.replying import lost_time, sending
from inbox.replying.account_pauses import SEND_KINDS
from jobs.db import fetch
from jobs.models import BackgroundJob

SLICE = 200


@dataclass(frozen=True, slots=True)
class Doubts:
    """The number of unknown sends, and of `follow_ups` and `drafts` that the provider is asked about first."""

    sends: int
    follow_ups: int
    drafts: int


def take_over(lost_from: datetime, lost_until: datetime) -> Doubts:
    """Permits sends from a database that was restored to its state of `lost_from`. The records of messages that went
    out until `lost_until` are lost; pending sends become unknown. The function may be repeated: nothing goes out before
    it returns.
    """
    origin = DatabaseOrigin.objects.first()
    # Doubts from an earlier restore may be older than this restore.
    if origin and origin.lost_from:
        lost_from = min(origin.lost_from, lost_from)
    sends = sum(sending.settle_unknown(send, lost_time.REASON, lost_from=lost_from) for send in _under_way())
    # Without a due time, the follow-up's step is being prepared or sent, or waits for approval.
    due = Q(due_at=None) | Q(due_at__lte=lost_until)
    follow_ups = FollowUpInstance.objects.filter(due, status__in=FollowUpInstance.LIVE).update(in_doubt=True)
    drafts = Draft.objects.filter(
        status=Draft.Status.PENDING, trigger_message__sent_at__lte=lost_until
    ).count()
    _settle(lost_from=lost_from, lost_until=lost_until, restored_at=timezone.now())
    return Doubts(sends, follow_ups, drafts)


def nothing_lost() -> None:
    """Permits sends from a database that lost nothing: it was moved at rest, or a full replica took over."""
    _settle()


def _settle(**lost: datetime) -> None:
    with transaction.atomic():
        DatabaseOrigin.objects.update_or_create(
            defaults={"place": here(), "seen_at": timezone.now()} | lost, pk=1
        )
        # A restored database may count transactions from a lower id. Events that the restored database has come before
        # all others.
        Event.objects.update(xid=0)
        _mark_anew()
        BackgroundJob.objects.filter(
            kind__in=SEND_KINDS, status=BackgroundJob.Status.QUEUED, run_at__gt=timezone.now()
        ).update(run_at=timezone.now())


def _mark_anew() -> None:
    """Marks rows anew whose last change has a number to which this database has not yet counted: until then, no list
    of the API would hold them. The trigger replaces the 0.
    """
    [(uncounted,)] = fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    for model in (Draft, Lead, Message):
        model.objects.filter(changed_xid__gt=uncounted).update(changed_xid=0)


def _under_way() -> Iterator[OutboundSend]:
    last = None
    while True:
        live = OutboundSend.objects.filter(state__in=sending.UNSETTLED).select_related("draft").order_by("pk")
        page = list((live if last is None else live.filter(pk__gt=last))[:SLICE])
        yield from page
        if len(page) < SLICE:
            return
        last = page[-1].pk
