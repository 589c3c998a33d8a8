"""Permits sends from a restored database (`manage.py restored`). Sends that may have gone out become unknown."""

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
    """The numbers of sends that became unknown, and of follow-ups and drafts that may have gone out. The provider is
    asked before such a follow-up or draft is sent.
    """

    sends: int
    follow_ups: int
    drafts: int


def take_over(lost_from: datetime, lost_until: datetime) -> Doubts:
    """Permits sends from a database that was restored to its state at `lost_from`, and has lost everything until
    `lost_until`. Pending sends become unknown. If it fails, it can be repeated: nothing goes out before it returns.
    """
    origin = DatabaseOrigin.objects.first()
    # After an earlier restore, sends may be in doubt since a time before this restore.
    if origin and origin.lost_from:
        lost_from = min(origin.lost_from, lost_from)
    sends = sum(sending.settle_unknown(send, lost_time.REASON, lost_from=lost_from) for send in _under_way())
    # A follow-up without a due time has a step that is being prepared or sent, or that waits for approval.
    due = Q(due_at=None) | Q(due_at__lte=lost_until)
    follow_ups = FollowUpInstance.objects.filter(due, status__in=FollowUpInstance.LIVE).update(in_doubt=True)
    drafts = Draft.objects.filter(
        status=Draft.Status.PENDING, trigger_message__sent_at__lte=lost_until
    ).count()
    _settle(lost_from=lost_from, lost_until=lost_until, restored_at=timezone.now())
    return Doubts(sends, follow_ups, drafts)


def nothing_lost() -> None:
    """Permits sends from a database that lost nothing: it was moved while stopped, or a complete replica took over."""
    _settle()


def _settle(**lost: datetime) -> None:
    with transaction.atomic():
        DatabaseOrigin.objects.update_or_create(
            defaults={"place": here(), "seen_at": timezone.now()} | lost, pk=1
        )
        # A restored database may count transactions from a lower number. With 0, its old events come before all new
        # ones.
        Event.objects.update(xid=0)
        _mark_anew()
        BackgroundJob.objects.filter(
            kind__in=SEND_KINDS, status=BackgroundJob.Status.QUEUED, run_at__gt=timezone.now()
        ).update(run_at=timezone.now())


def _mark_anew() -> None:
    """Renews the mark of rows whose last change has a transaction number that this database has not reached yet: until
    then, the API's lists of changes would lack them. A trigger replaces the 0 that is written here.
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
