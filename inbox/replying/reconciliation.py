"""Finds out what became of a send of unknown end, by asking the provider for its list a few times. A message in the
list was sent. One that is missing stays with a person, because a provider may still send what it does not list.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from inbox.models import OutboundSend
from inbox.replying import carrier_messages, send_claims, sending
from inbox.replying.carrier_messages import match
from integrations.carriers import Accepted, CannotSend
from integrations.errors import ProviderError, ProviderMisconfigured
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Snooze
from jobs.models import BackgroundJob

State = OutboundSend.State

LOOKS_S = (3, 30, 300, 3_600)
"""The seconds after the call at which the provider is asked. Mostly the answer was lost, and not the message."""
STRANDED_AFTER = timedelta(minutes=2)


def run(ctx: JobContext) -> dict[str, object]:
    """The job `send.reconcile`: asks the provider up to four times (LOOKS_S) whether it has a message of
    unknown end.
    """
    sends = OutboundSend.objects.select_related("lead", "reply_to__campaign", "draft", "workspace")
    send = ctx.row(sends, "send_id")
    while send.state == State.UNKNOWN and (due := next_look(send)) is not None:
        if due > timezone.now():
            raise Snooze(due, "The provider is asked again then.")
        look(send, ctx.deadline)
        send.refresh_from_db()
    return {"state": send.state}


def next_look(send: OutboundSend) -> datetime | None:
    """When (aware) the provider is asked next whether it has the message `send`; None after the last time."""
    called_at = send.called_at or send.created_at
    looks = [called_at + timedelta(seconds=seconds) for seconds in LOOKS_S]
    return next((due for due in looks if send.looked_at is None or due > send.looked_at), None)


def look(send: OutboundSend, deadline: Deadline) -> bool:
    """Asks the provider once for `send`, and settles it as sent if it is listed. An error counts as not found. Raises
    Snooze if the provider was not asked: this look is still to come.
    """
    try:
        carrier, integration = carrier_messages.way_of(send)
        drop_connection()
        entry = match(send, carrier.listed(carrier_messages.of(send, integration), integration, deadline))
    except (CannotSend, ProviderError, ProviderMisconfigured) as error:
        if isinstance(error, ProviderError) and isinstance(error, Snooze) and error.sent is False:
            raise
        _note(send, f"It could not be looked for: {error}.")
        return False
    if entry is None:
        label = integration.label
        _note(send, f"{label} did not list it at {timezone.now():%H:%M} UTC.")
        return False
    return sending.settle_sent(
        send,
        Accepted(message_id=entry.message_id),
        reason="The provider lists it as sent.",
        at=entry.sent_at if send.lost_from else None,
    )


def _note(send: OutboundSend, reason: str) -> None:
    first = send.reason.split(" · ")[0]
    OutboundSend.objects.filter(pk=send.pk, state=State.UNKNOWN).update(
        looked_at=timezone.now(), reason=f"{first} · {reason}"[:300]
    )


def settle_stranded(deadline: Deadline) -> dict[str, int]:
    """The tick `sends`: settles messages that were claimed more than 2 minutes ago and whose job has ended: failed
    without a call to the provider, else unknown. At most 500; "left" counts those after `deadline`.
    """
    stranded = OutboundSend.objects.filter(
        state=State.INTENT, created_at__lt=timezone.now() - STRANDED_AFTER
    ).select_related("lead")
    counts = {"failed": 0, "unknown": 0, "left": 0}
    for send in stranded.order_by("created_at")[:500]:
        if deadline.expired:
            counts["left"] += 1
            continue
        if _has_job(send):
            continue
        if send.called_at is None:
            counts["failed"] += sending.settle_failed(
                send, "Its job ended before the message was handed over."
            )
        else:
            counts["unknown"] += sending.settle_unknown(
                send, "Its job ended while the message was handed over."
            )
    return counts


def _has_job(send: OutboundSend) -> bool:
    live = BackgroundJob.objects.filter(
        workspace_id=send.workspace_id, dedupe_key=send_claims.job_key(send), status__in=["queued", "running"]
    )
    return live.exists()
