"""Takes back a message at a person's request during its countdown, before the provider is called."""

from contextlib import suppress
from uuid import UUID

from django.utils import timezone

from inbox.leads import rollup
from inbox.models import Draft, Lead, OutboundSend, User, audit
from inbox.models.actor import Actor
from inbox.replying import send_claims
from inbox.replying.send_claims import AlreadyDecided, Refused, back_to_review

State = OutboundSend.State
COUNTING = (State.INTENT, State.LATER)


def take_back(send: OutboundSend, *, user: Actor) -> None:
    """Takes back a message during its countdown, or before its chosen time. Raises AlreadyDecided if it is too late.
    Raises Refused if another person sent the message; before its chosen time, anybody may take it back.
    """
    if send.state != State.LATER and send.approved_by not in (None, user):
        raise Refused(f"{send.author} sent this message. Only they can take it back.")
    _take_back(send, user)


def _take_back(send: OutboundSend, user: Actor) -> None:
    with rollup.holding(send.lead) as lead:
        if not undo(send, lead, f"{user} took this message back."):
            raise AlreadyDecided("It’s too late to take this message back. It has already gone out.")
        audit.record(send.workspace_id, user, "send.take_back", send)


def take_back_all(workspace_id: UUID, *, user: User) -> int:
    """Takes back all messages of the workspace whose countdown runs, and returns their number."""
    counting = OutboundSend.objects.filter(
        workspace_id=workspace_id, state__in=COUNTING, called_at=None, send_at__isnull=False
    )
    taken_back = 0
    for send in counting.select_related("lead").order_by("pk"):
        with suppress(AlreadyDecided):
            _take_back(send, user)
            taken_back += 1
    return taken_back


def undo(send: OutboundSend, lead: Lead, why: str) -> bool:
    """Takes back a message during its countdown, or before its chosen time. A draft waits for review again, with the
    approved text; a person's own text is kept for the composer. Returns False if the message has no countdown, or if
    the provider was already called. Runs in a transaction with the lead's row locked.
    """
    counting = OutboundSend.objects.filter(pk=send.pk, part=0, send_at__isnull=False)
    claimed = counting.filter(state__in=COUNTING, called_at=None)
    if not claimed.update(state=State.TAKEN_BACK, reason=why[:300], finished_at=timezone.now()):
        return False
    Lead.objects.filter(pk=lead.pk, snoozed_until=send.send_at).update(snoozed_until=None)
    if send.draft_id is not None:
        # A draft can be claimed only once, and this draft may be sent again.
        OutboundSend.objects.filter(pk=send.pk).delete()
        Draft.objects.filter(pk=send.draft_id).update(held_by_person=True)
        back_to_review(send.draft_id, lead, why, send)
    elif send.origin == OutboundSend.Origin.PROGRAM:
        # The program still has the text, and no composer shows it.
        OutboundSend.objects.filter(pk=send.pk).update(text="")
    return True


def give_up(send: OutboundSend, why: str) -> None:
    """Takes back a message, for the reason `why`, on behalf of the product itself."""
    with rollup.holding(send.lead) as lead:
        undo(send, lead, why)


def begin(send: OutboundSend) -> str:
    """Claims a message whose chosen time has come. If it may not go out, takes it back. Returns why, or ""."""
    with rollup.holding(send.lead) as lead:
        waiting = send_claims.later(lead).filter(pk=send.pk)
        if not waiting.exists():
            return "Someone took this message back."
        answered = lead.answered_at is not None and lead.answered_at > send.created_at
        why = "Someone has answered since." if answered else send_claims.vetoed(send, lead)
        if why := send_claims.blocked(lead, send.channel) or why:
            undo(send, lead, why)
            return why
        send.state, send.send_at = State.INTENT, timezone.now()
        waiting.update(state=send.state, send_at=send.send_at)
    return ""


def answered_instead(lead: Lead, user: Actor | None) -> None:
    """Takes back the messages that wait for their chosen time, if a person answers now. The lead must be locked."""
    if isinstance(user, User):
        for send in send_claims.later(lead):
            undo(send, lead, f"{user.name} answered instead.")


def on_reply(sender: object, lead: Lead, **kwargs: object) -> int:
    """Takes back the messages that wait for their chosen time, because the lead has written. Returns their number."""
    with rollup.holding(lead) as locked:
        waiting = [send for send in send_claims.later(locked) if send_claims.wrote_during_countdown(send)]
        return sum(undo(send, locked, "The lead wrote first.") for send in waiting)
