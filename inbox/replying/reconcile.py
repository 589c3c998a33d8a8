"""What became of a send that nobody knows about: the provider is asked for what it lists, a few times, ever later.

Found by marker, or by the same words at the time of the call, it is sent. Not found, it stays on the list for a person:
that a provider does not list a message is no proof that it will not go out.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from inbox.models import OutboundSend
from inbox.replying import claims, outgoing, sending
from inbox.replying.outgoing import match
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.outgoing import Accepted, CannotSend
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Snooze
from jobs.models import BackgroundJob

State = OutboundSend.State

LOOKS_S = (3, 30, 300, 3_600)
"""How long after the call the provider is asked, in seconds: it is mostly the answer that was lost, not the message."""
STRANDED_AFTER = timedelta(minutes=2)


def run(ctx: JobContext) -> dict[str, object]:
    """The job `send.reconcile`: looks when a look is due, until the message is found or the last look is over."""
    sends = OutboundSend.objects.select_related("lead", "reply_to__campaign", "draft", "workspace")
    send = sends.get(pk=ctx.payload["send_id"], workspace_id=ctx.workspace_id)
    while send.state == State.UNKNOWN and (due := next_look(send)) is not None:
        if due > timezone.now():
            raise Snooze(due, "The provider is asked again then.")
        look(send, ctx.deadline)
        send.refresh_from_db()
    return {"state": send.state}


def next_look(send: OutboundSend) -> datetime | None:
    """When the provider is to be asked next; None after the last time."""
    called_at = send.called_at or send.created_at
    looks = [called_at + timedelta(seconds=seconds) for seconds in LOOKS_S]
    return next((due for due in looks if send.looked_at is None or due > send.looked_at), None)


def look(send: OutboundSend, deadline: Deadline) -> bool:
    """Ask the provider once; whether the message was found. A provider that does not answer found nothing."""
    try:
        carrier, integration = outgoing.way_of(send)
        drop_connection()
        entry = match(send, carrier.listed(outgoing.of(send, integration), integration, deadline))
    except (CannotSend, ProviderError, ProviderMisconfigured) as error:
        _note(send, f"It could not be looked for: {error}.")
        return False
    if entry is None:
        label = integration.label
        _note(send, f"{label} did not list it at {timezone.now():%H:%M} UTC.")
        return False
    return sending.settle_sent(
        send, Accepted(message_id=entry.message_id), reason="The provider lists it as sent."
    )


def _note(send: OutboundSend, reason: str) -> None:
    first = send.reason.split(" · ")[0]
    OutboundSend.objects.filter(pk=send.pk, state=State.UNKNOWN).update(
        looked_at=timezone.now(), reason=f"{first} · {reason}"[:300]
    )


def settle_stranded(_deadline: Deadline) -> dict[str, int]:
    """The tick `sends`: claims whose job is over (cancelled, failed, discarded) are brought to an end.

    Never called for: failed, with the reason. Called for: unknown, as nobody can say.
    """
    stranded = OutboundSend.objects.filter(
        state=State.INTENT, created_at__lt=timezone.now() - STRANDED_AFTER
    ).select_related("lead")
    counts = {"failed": 0, "unknown": 0}
    for send in stranded.order_by("created_at")[:500]:
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
        workspace_id=send.workspace_id, dedupe_key=claims.job_key(send), status__in=["queued", "running"]
    )
    return live.exists()
