"""Determines the outcome of a send that is unknown, by polling the provider's list of messages. If the message is
listed, it was sent. If it is missing, a person decides, because the provider may still send it.
"""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from inbox.models import OutboundSend
from inbox.replying import carrier_messages, send_claims, sending, undo
from inbox.replying.carrier_messages import match
from integrations.carriers import Accepted, CannotSend
from integrations.errors import ProviderError, ProviderMisconfigured
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Snooze

State = OutboundSend.State

LOOKS_S = (3, 30, 300, 3_600)
"""The times (s) after our call at which we ask the provider. Often only its answer was lost, not the message."""
STRANDED_AFTER = timedelta(minutes=2)


def run(ctx: JobContext) -> dict[str, object]:
    """Runs the job `send.reconcile`: asks the provider up to four times for a send whose outcome is unknown."""
    sends = OutboundSend.objects.select_related("lead", "reply_to__campaign", "draft", "workspace")
    send = ctx.row(sends, "send_id")
    while send.state == State.UNKNOWN and (due := next_look(send)) is not None:
        if due > timezone.now():
            raise Snooze(due, "Holdfast will ask the provider again then.")
        look(send, ctx.deadline)
        send.refresh_from_db()
    return {"state": send.state}


def next_look(send: OutboundSend) -> datetime | None:
    """Returns the time (aware) of the next poll for `send`; None after the last poll."""
    called_at = send.called_at or send.created_at
    looks = [called_at + timedelta(seconds=seconds) for seconds in LOOKS_S]
    return next((due for due in looks if send.looked_at is None or due > send.looked_at), None)


def look(send: OutboundSend, deadline: Deadline) -> bool:
    """Polls the provider once for `send`. Settles it as sent and returns True if the message is listed. After an error,
    the message counts as missing. Raises Snooze if the request was not sent, so that the poll is repeated.
    """
    try:
        carrier, integration = carrier_messages.way_of(send)
        drop_connection()
        entry = match(send, carrier.listed(carrier_messages.of(send, integration), integration, deadline))
    except (CannotSend, ProviderError, ProviderMisconfigured) as error:
        if isinstance(error, ProviderError) and isinstance(error, Snooze) and error.sent is False:
            raise
        _note(send, f"Holdfast couldn’t look for the message: {error}.")
        return False
    if entry is None:
        label = integration.label
        _note(send, f"{label} didn’t list the message at {timezone.now():%H:%M} UTC.")
        return False
    return sending.settle_sent(
        send,
        Accepted(message_id=entry.message_id),
        reason="The provider lists the message as sent.",
        at=entry.sent_at if send.lost_from else None,
    )


def _note(send: OutboundSend, reason: str) -> None:
    first = send.reason.split(" · ")[0]
    OutboundSend.objects.filter(pk=send.pk, state=State.UNKNOWN).update(
        looked_at=timezone.now(), reason=f"{first} · {reason}"[:300]
    )


def resume_looks() -> dict[str, int]:
    """Enqueues the reconciliation of recent sends whose job was given up, because its worker was killed three times:
    up to as many jobs as looks for a send, as the look may be what kills. Returns the number of these sends.
    """
    now = timezone.now()
    pending = Q(looked_at=None) | Q(looked_at__lt=F("called_at") + timedelta(seconds=LOOKS_S[-1]))
    sends = OutboundSend.objects.filter(pending, state=State.UNKNOWN, finished_at__gt=now - timedelta(days=1))
    late = [send for send in sends[:500] if (next_look(send) or now) < now - STRANDED_AFTER]
    return {"resumed": sum(sending.reconcile(send, len(LOOKS_S)) for send in late)}


def settle_stranded(deadline: Deadline) -> dict[str, int]:
    """Settles up to 500 sends that were claimed more than 2 minutes ago and whose job has ended. A send becomes failed
    if the provider was not called, and unknown otherwise. Returns the numbers of failed and unknown sends, and of those
    that are `left` because of `deadline`.
    """
    stranded = OutboundSend.objects.filter(
        state=State.INTENT, created_at__lt=timezone.now() - STRANDED_AFTER
    ).select_related("lead")
    counts = {"failed": 0, "unknown": 0, "left": 0}
    late = OutboundSend.objects.filter(state=State.LATER, send_at__lt=timezone.now() - STRANDED_AFTER)
    for send in late.select_related("lead")[:500]:
        if not send_claims.has_job(send):
            undo.give_up(send, "The job ended before the message went out.")
    for send in stranded.order_by("created_at")[:500]:
        if deadline.expired:
            counts["left"] += 1
            continue
        if send_claims.has_job(send):
            continue
        if send.called_at is None:
            counts["failed"] += sending.settle_failed(send, "The job ended before the message was sent.")
        else:
            counts["unknown"] += sending.settle_unknown(send, "The job ended while sending the message.")
    return counts
